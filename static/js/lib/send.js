// @ts-check
// A form sent in the background, with its progress: on a weak line nothing is lost but time.

/** @typedef {{status: number, text: string}} Answer status 0: nothing came back */

/**
 * @param {string} url
 * @param {FormData} data
 * @param {(percent: number) => void} onProgress of what was sent, 0 to 100
 * @returns {Promise<Answer>}
 */
export function send(url, data, onProgress = () => {}) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest(); // fetch cannot tell how much was sent
    request.open("POST", url);
    request.setRequestHeader("X-Requested-With", "fetch");
    request.upload.addEventListener("progress", ({ lengthComputable, loaded, total }) => {
      if (lengthComputable) onProgress(Math.floor((loaded / total) * 100));
    });
    request.addEventListener("load", () => resolve({ status: request.status, text: request.responseText }));
    for (const event of ["error", "abort", "timeout"]) {
      request.addEventListener(event, () => resolve({ status: 0, text: "" }));
    }
    request.send(data);
  });
}
