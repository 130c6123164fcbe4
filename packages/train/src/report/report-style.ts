/** The report's style sheet: light and dark, screen and paper. */

export const reportStyle = `
:root {
  --page: #f6f6f3; --surface: #fff; --well: #f1f1ee; --line: #e4e4df; --base: #b9bab5;
  --ink: #17191c; --soft: #565b63; --quiet: #868b93;
  --s1: #2563d9; --s2: #e0621f; --s3: #158a63; --s4: #8b46c9; --s5: #b8860b; --s6: #c2337a;
  --right: #2563d9; --wrong: #d8480f; --on-colour: #fff;
  --shadow: 0 1px 2px rgb(20 22 26 / .05), 0 6px 20px -12px rgb(20 22 26 / .14);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1113; --surface: #181b1e; --well: #212529; --line: #2a2e33; --base: #4a5058;
    --ink: #eceef0; --soft: #a9afb7; --quiet: #7d848d;
    --s1: #6ba1ff; --s2: #ff9454; --s3: #4cc79a; --s4: #bf8cf5; --s5: #e0b64a; --s6: #f27fb2;
    --right: #3d7cf0; --wrong: #ea5a1c; --shadow: none;
  }
}
* { box-sizing: border-box; margin: 0; padding: 0; }
body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; -webkit-font-smoothing: antialiased; }
main { max-width: 1180px; margin: 0 auto; padding: 56px 24px 40px; display: grid; gap: 20px; grid-template-columns: minmax(0, 1fr); }
header { padding: 0 4px 12px; }
.overline { font-size: 12px; font-weight: 600; letter-spacing: .08em; text-transform: uppercase; color: var(--s1); }
h1 { font-size: 38px; line-height: 1.15; font-weight: 680; letter-spacing: -.022em; text-wrap: balance; overflow-wrap: anywhere; }
.subtitle { margin-top: 8px; font-size: 17px; color: var(--soft); max-width: 64ch; }
h2, figcaption { font-size: 16px; font-weight: 640; letter-spacing: -.008em; }
h3 { font-size: 13px; font-weight: 600; color: var(--soft); }
.quiet { color: var(--quiet); }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 14px; padding: 22px 24px; box-shadow: var(--shadow); }
.scroll { overflow-x: auto; }
ul, ol { list-style: none; }

.highlights { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); }
.highlights .card { padding: 16px 20px 18px; }
.highlights dt { font-size: 13px; color: var(--soft); }
.highlights dd { font-size: 30px; line-height: 1.2; font-weight: 640; letter-spacing: -.02em; margin-top: 2px; white-space: nowrap; }
.highlights .card:first-child dd { color: var(--s1); }

.charts { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); }
.chart svg { display: block; width: 100%; max-width: 660px; height: auto; margin-top: 10px; overflow: visible; font-size: 12px; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 20px; margin-top: 4px; font-size: 13px; color: var(--soft); }
.legend b { font-weight: 600; color: var(--ink); font-variant-numeric: tabular-nums; }
.key { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 7px; vertical-align: middle; background: var(--c); }
.grid, .base, .mark { stroke-width: 1; shape-rendering: crispEdges; }
line.grid { stroke: var(--line); }
.base { stroke: var(--base); }
.mark { stroke: var(--quiet); stroke-dasharray: 3 3; }
.tick, .axis-name { fill: var(--quiet); }
.s1 { --c: var(--s1); } .s2 { --c: var(--s2); } .s3 { --c: var(--s3); } .s4 { --c: var(--s4); } .s5 { --c: var(--s5); } .s6 { --c: var(--s6); }
.line { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.dot circle { fill: var(--c); stroke: var(--surface); stroke-width: 1.5; }
.dot .hit { fill: transparent; stroke: none; }
.dot.dense circle:not(.hit) { opacity: 0; }
.dot:hover circle:not(.hit) { opacity: 1; r: 5px; }

.split { display: flex; flex-wrap: wrap; gap: 24px 48px; margin-top: 14px; align-items: flex-start; }
.heat { border-collapse: separate; border-spacing: 2px; font-size: 12.5px; font-variant-numeric: tabular-nums; }
.heat caption { caption-side: bottom; text-align: left; padding-top: 8px; font-size: 12.5px; color: var(--quiet); }
.heat th { font-weight: 500; color: var(--soft); padding: 0 6px; white-space: nowrap; }
.heat tbody th { text-align: right; }
.heat thead th { height: 28px; vertical-align: bottom; }
.heat td { text-align: center; border-radius: 5px; color: var(--ink); }
.heat tbody td { min-width: 46px; height: 38px; padding: 0 4px; background: var(--well); }
.heat td.none { color: var(--base); }
.heat td.right { background: color-mix(in oklab, var(--right) calc(var(--depth) * 100%), var(--well)); }
.heat td.wrong { background: color-mix(in oklab, var(--wrong) calc(var(--depth) * 100%), var(--well)); }
.heat td.deep { color: var(--on-colour); font-weight: 600; }
.heat.dense { border-spacing: 1px; font-size: 9px; }
.heat.dense tbody td { min-width: 9px; width: 9px; height: 9px; padding: 0; border-radius: 2px; }
.heat.dense tbody th { line-height: 9px; }
.heat.dense thead th { padding: 0; }
.heat.dense thead span { writing-mode: vertical-rl; transform: rotate(180deg); }
.pairs { flex: 1 1 260px; }
.pairs ol { margin-top: 6px; }
.pairs li { display: flex; justify-content: space-between; gap: 16px; padding: 7px 0; border-bottom: 1px solid var(--line); color: var(--soft); }
.pairs li:last-child { border-bottom: 0; }
.pairs b { color: var(--ink); font-weight: 600; }
.pairs .count { color: var(--ink); font-variant-numeric: tabular-nums; }

.mistakes .grid { display: grid; gap: 20px 16px; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); margin-top: 16px; }
.mistakes img { display: block; width: 100%; height: auto; border-radius: 8px; border: 1px solid var(--line); background: var(--well); }
.mistakes img.small { image-rendering: pixelated; }
.answer { display: flex; justify-content: space-between; gap: 8px; align-items: baseline; margin-top: 8px; font-size: 13px; }
.answer b { color: var(--wrong); font-weight: 640; overflow-wrap: anywhere; }
.answer span { color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; }
.meter { height: 3px; border-radius: 2px; background: var(--well); margin: 3px 0 4px; overflow: hidden; }
.meter i { display: block; height: 100%; background: var(--wrong); }
.truth { font-size: 13px; color: var(--soft); overflow-wrap: anywhere; }

.numbers { width: 100%; border-collapse: collapse; margin-top: 12px; font-variant-numeric: tabular-nums; }
.numbers th, .numbers td { padding: 7px 12px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
.numbers thead th { font-size: 13px; font-weight: 500; color: var(--soft); }
.numbers th:first-child { text-align: left; padding-left: 0; font-weight: 560; }
.numbers td:last-child, .numbers th:last-child { padding-right: 0; }
.numbers tfoot th, .numbers tfoot td { color: var(--soft); font-weight: 500; }
.numbers tfoot tr:first-child > * { border-top: 1px solid var(--base); }
.numbers tr:last-child > * { border-bottom: 0; }
.numbers tbody tr:last-child > * { border-bottom: 0; }
.share span { display: inline-block; min-width: 108px; text-align: right; padding-left: 50px; background: linear-gradient(var(--s1), var(--s1)) left center / calc(var(--share) * .42) 4px no-repeat, linear-gradient(var(--well), var(--well)) left center / 42% 4px no-repeat; }

.summary { display: grid; gap: 14px 32px; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); margin-top: 14px; }
.summary dt { font-size: 13px; color: var(--soft); }
.summary dd { font-weight: 520; overflow-wrap: anywhere; }
footer { padding: 8px 4px; font-size: 13px; color: var(--quiet); }
@media (max-width: 560px) { main { padding: 32px 14px; } h1 { font-size: 30px; } .card { padding: 18px 16px; } }
@media print { body { background: #fff; } .card { box-shadow: none; break-inside: avoid; } }
`;
