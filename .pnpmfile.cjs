/**
 * What a user installs has no sources, so a packed package.json names none:
 * the `@dl/source` condition, which lets the workspace run without a build, is taken out.
 */
function beforePacking(manifest) {
  if (manifest.exports === undefined) return manifest;
  const exports = Object.entries(manifest.exports).map(([name, target]) => {
    if (typeof target !== "object") return [name, target];
    const { "@dl/source": _source, ...published } = target;
    return [name, published];
  });
  return { ...manifest, exports: Object.fromEntries(exports) };
}

module.exports = { hooks: { beforePacking } };
