// What a preview shows other than what was typed, in a sentence.

/**
 * @param {?{left_out: string}} words What was left out of the prompt; null where nothing was.
 * @param {DOMStringMap} data Of an element that has the sentences.
 * @returns {string} Empty where all is shown as it was typed.
 */
export function sentence(words, data) {
  return words ? data.wordLeftOut.replace("{words}", () => words.left_out) : "";
}
