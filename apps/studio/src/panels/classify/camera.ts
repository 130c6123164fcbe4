/** The camera: opened, or a sentence that says why not. */

/** By the name of the browser's error. developer.mozilla.org/docs/Web/API/MediaDevices/getUserMedia */
const reasons: Readonly<Record<string, string>> = {
  NotAllowedError: "The browser may not use the camera. Allow it at the address bar, and turn it on again.",
  NotFoundError: "There is no camera. Connect one, and turn it on again.",
  OverconstrainedError: "There is no camera that takes pictures as they are wanted here.",
  NotReadableError: "The camera cannot be read, which is most often because another program uses it. Close that, and turn it on again.",
  AbortError: "The camera stopped before it began. Turn it on again.",
};

/** @throws Error with a sentence for people. */
export async function openCamera(): Promise<MediaStream> {
  const { mediaDevices } = navigator as { readonly mediaDevices?: MediaDevices };
  if (!mediaDevices) throw new Error("Browsers give a camera to pages over https or on localhost only, and this is neither.");
  try {
    // Small: pictures become squares of 32 pixels.
    return await mediaDevices.getUserMedia({ video: { width: { ideal: 320 }, height: { ideal: 240 } }, audio: false });
  } catch (error) {
    const { name, message } = error as DOMException;
    throw new Error(reasons[name] ?? `The camera could not be opened (${message || name}).`);
  }
}
