/** Takes a folder of the user's own pictures. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { droppedFiles, type PickedFile, readImageFolder } from "../../data/image-folder.ts";
import { showError, showNotice } from "../../shell/notice.ts";
import { loading, ownPictures } from "./training.ts";

export function FolderDrop(): JSX.Element {
  const isOver = useSignal(false);
  const take = async (files: readonly PickedFile[] | Promise<readonly PickedFile[]>): Promise<void> => {
    try {
      loading.value = "Reading pictures …";
      const read = await readImageFolder(await files, {
        onProgress: (share) => (loading.value = `Reading pictures … ${Math.round(100 * share)} %`),
      });
      ownPictures.value = read.pictures;
      if (read.unreadable.length > 0) {
        showNotice(`${read.unreadable.length} files could not be read as pictures and are left out, such as ${read.unreadable[0]}.`);
      }
    } catch (error) {
      showError(error);
    } finally {
      loading.value = "";
    }
  };
  const found = [...ownPictures.value];
  return (
    <label
      class={isOver.value ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => (isOver.value = false)}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        if (event.dataTransfer) void take(droppedFiles(event.dataTransfer.items));
      }}
    >
      {found.length > 0 ? (
        <span>
          <b>{found.length === 1 ? "1 class" : `${found.length} classes`}</b>, {found.reduce((sum, [, own]) => sum + own.length, 0)}{" "}
          pictures
          <br />
          <span class="small">
            {found
              .slice(0, 6)
              .map(([name]) => name)
              .join(", ")}
          </span>
        </span>
      ) : (
        <span>
          <b>Drop a folder</b> with a subfolder for each class, or choose one.
        </span>
      )}
      <input
        type="file"
        multiple
        {...({ webkitdirectory: true } as object)}
        aria-label="Folder of pictures"
        onChange={(event) => {
          const input = event.currentTarget;
          const files = Array.from(input.files ?? [], (file) => ({ path: file.webkitRelativePath || file.name, file }));
          // Else the same folder, mended, could not be chosen again.
          void take(files).then(() => (input.value = ""));
        }}
      />
    </label>
  );
}
