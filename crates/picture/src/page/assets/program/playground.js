// The playground: an expression becomes graph, numbers and gradients as it is typed.

/** Draws what is typed; where it is wrong, says so below the column. */
function express() {
  const text = at('expression').value, { problem, column, state, open, svg } = ask('express', text);
  const place = at('expression-told');
  at('expression').setAttribute('aria-invalid', String(Boolean(problem)));
  if (problem) {
    const begin = column === undefined ? '' : [...text].slice(0, column).join('');
    place.replaceChildren(make('span', 'before', begin), make('span', 'caret', column === undefined ? '' : '▲ '), problem);
    return;
  }
  place.replaceChildren();
  changeLevel(new Level(state, open, placeOf(svg)), null);
  flyTo(level, firstView(level));
  writeAddress();
}

function preparePlayground() {
  if (data.playground === undefined) return;
  at('playground').hidden = false;
  document.title = document.querySelector('h1').textContent = 'Playground';
  at('expression').value = data.playground;
  at('playground').addEventListener('submit', event => event.preventDefault());
  at('expression').addEventListener('input', () => begun.then(() => { if (program) express(); }));
}
