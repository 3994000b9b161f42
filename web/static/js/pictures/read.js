// What a preview shows other than what was typed, in a sentence.

/**
 * @param {?{left_out: string, drawn: string}} words What was drawn in place of the prompt, and left out of it; null where
 *   it was drawn as it was typed.
 * @param {DOMStringMap} data Of an element that has the sentences.
 * @returns {string} Empty where all is shown as it was typed.
 */
export function sentence(words, data) {
  if (!words) return "";
  const said = [
    [data.wordDrawn, words.drawn],
    [data.wordLeftOut, words.left_out],
  ];
  return said.filter(([, text]) => text).map(([name, text]) => name.replace("{words}", () => text)).join(" ");
}
