// Around every file beside this one: gathers what held and what did not.
const done = arguments[arguments.length - 1];
const seen = [];
const check = (what, got, wanted) => {
  const same = JSON.stringify(got) === JSON.stringify(wanted);
  seen.push({ what, held: same, got: JSON.stringify(got) });
};
(async () => {
  $BODY
})().then(() => done(seen), (error) => done([{ what: String(error), held: false, got: error.stack }]));
