// Which key is chosen. A choice shows at once; the answer of the server confirms it. What shows
// a choice also writes it into `choices.key`.

export function startChoices() {
  return { key: null, confirmed: null, sent: [] };
}

export function makeChoice(choices, key, show) {
  choices.sent.push(key);
  show(key);
}

// An answer repeats the choice the server knew when it was made. While a newer choice is on its
// way, an older answer must not undo it.
export function confirmChoice(choices, key, show) {
  const answered = choices.sent.indexOf(key);
  const outdated = answered < 0 && key === choices.confirmed;
  choices.confirmed = key;
  if (answered >= 0) choices.sent.splice(0, answered + 1);
  else if (!outdated) choices.sent.length = 0;
  if (!choices.sent.length) show(key);
}
