// Commands in the composer: they are listed while one begins, and what is to be drawn is previewed while it is typed.

/**
 * What `text` asks to have drawn, decided as `imagine_prompt` in assistant/commands.py does, with the patterns and the
 * limit that it renders into the form; null for a message that is answered in words.
 */
function imaginePrompt(text, { imagine, talk, promptCharacters }) {
  const found = new RegExp(`^(?:${imagine})$`, "is").exec(text);
  if (!found) return null;
  const [, slash, prompt = ""] = found;
  const isTalk = new RegExp(`^${talk}`, "i").test(prompt) || prompt.endsWith("?") || [...prompt].length > Number(promptCharacters);
  return slash || (prompt && !isTalk) ? prompt : null;
}

/**
 * Show a preview of what `form` commands while it is typed. The scripts that draw are loaded with the first command.
 * @param {HTMLFormElement} form
 * @param {object} turns In a room, where one draws at a time and only a command draws: see rooms/drawing.js.
 */
export function previewCommands(form, turns = null) {
  const field = form.querySelector("textarea");
  let panel = null;
  let newest = "";

  async function update() {
    const isCommand = !turns || field.value.trimStart().startsWith("/");
    newest = (isCommand && imaginePrompt(field.value, form.dataset)) || "";
    if (!newest && !panel) return;
    panel ??= import("./preview-panel.js").then(({ PreviewPanel }) => new PreviewPanel(form, turns));
    (await panel).show(newest);
  }

  async function close() {
    newest = "";
    if (panel) (await panel).close();
  }

  field.addEventListener("input", update);
  form.addEventListener("submit", close);
}

/** Offer the commands that the server lists in `form` while one of them is typed. The first slash loads the script. */
export function listCommands(form) {
  const field = form.querySelector("textarea");
  let list = null;

  function begin() {
    if (!field.value.startsWith("/")) return;
    list ??= import("./command-list.js").then(({ CommandList }) => new CommandList(form), () => { list = null; });
  }

  if (!form.querySelector("#commands")) return;
  for (const event of ["input", "focus"]) field.addEventListener(event, begin);
}
