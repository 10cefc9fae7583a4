// The page's data: files beside it, or, in the page that is one file, what is written into it.

/** The bytes of a data file. `told(bytes)` hears how much has come. Throws an Error in words for a reader. */
export async function read(name, told = () => {}) {
  const inside = document.getElementById(`file:${name}`);
  if (inside) {
    const text = atob(inside.textContent), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    told(bytes.length);
    return bytes.buffer;
  }
  let response;
  try {
    response = await fetch(name);
  } catch {
    throw new Error(`${name} could not be loaded. Check the connection, then reload the page.`);
  }
  if (!response.ok) throw new Error(`${name} could not be loaded (${response.status}). Reload the page.`);
  const parts = [], reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return await new Blob(parts).arrayBuffer();
    parts.push(value);
    told(value.length);
  }
}

export const readJson = async (name, told) => JSON.parse(new TextDecoder().decode(await read(name, told)));

/** Whether a data file can be had: in the page that is one file, some are left out. */
export const has = (name) => !document.getElementById("file:base.bin") || Boolean(document.getElementById(`file:${name}`));

/** The worker: a module beside the page, or the text of one inside it. */
export function startWorker() {
  const inside = document.getElementById("file:worker.js");
  if (!inside) return new Worker("worker.js", { type: "module" });
  return new Worker(URL.createObjectURL(new Blob([inside.textContent], { type: "text/javascript" })));
}
