// The chain rule, seen: every path from a node to the output, with the product of its local derivatives.

/** The arrow of the drawing into an operand of an op. */
function arrowInto(id, operand) {
  const index = level.indexOf(id);
  return index >= 0 && level.nodes[index].id === id ? level.into[index].find(edge => edge.operand === operand) : undefined;
}

/** What a node is called in a derivative. */
function calledAt(index) {
  return level.nameOf(index) || level.nodes[index].id;
}

/** The names and local derivatives along a path: ∂b/∂a = 2. */
function factorsOf(path, from) {
  let before = from;
  return path.steps.map(({ to, operand, local }) => {
    const index = level.indexOf(to), name = index >= 0 ? calledAt(index) : to, said = `∂${name}/∂${before} = ${shortly(local, 4)}`;
    before = name;
    return { said, local, edge: arrowInto(to, operand) };
  });
}

const inProduct = x => (typeof x === 'number' && x < 0 ? `(${shortly(x, 4)})` : shortly(x, 4));

/** Lights the arrows of paths; none for no paths. */
function lightPaths(edges) {
  level.markEdges('on-path', edges);
  level.svg.classList.toggle('shows-paths', edges.length > 0);
}

const mostPathsListed = 12;

/** The paths from a node to the output, and the sum over them. */
function pathsAt(index) {
  const node = level.nodes[index];
  lightPaths([]);
  if (!program || !node || !node.gradient || ['layer', 'output', 'hidden'].includes(node.kind)) return [];
  const known = ask('paths', node.id, 0, moment);
  if (known.problem || !known.paths || known.paths.length === 0 || known.from === known.to) return [];
  const name = calledAt(index), end = outputName(), list = make('ul', 'paths');
  const all = known.paths.map(path => factorsOf(path, name));
  all.slice(0, mostPathsListed).forEach((factors, place) => {
    const product = known.paths[place].product, edges = factors.map(factor => factor.edge).filter(Boolean);
    const numbers = `${factors.map(factor => inProduct(factor.local)).join(' × ')} = ${shortly(product, 4)}`;
    const row = button('link', () => lightPaths(edges), make('span', 'quiet', factors.map(factor => factor.said).reverse().join(', ')), make('div', 'gradient-text', numbers));
    for (const [event, shown] of [['pointerenter', edges], ['focus', edges], ['pointerleave', []], ['blur', []]]) row.addEventListener(event, () => lightPaths(shown));
    list.append(make('li', '', row));
  });
  const everything = all.flat().map(factor => factor.edge).filter(Boolean);
  const light = button('', () => lightPaths(level.svg.classList.contains('shows-paths') ? [] : everything), all.length === 1 ? 'Light the path' : 'Light all paths');
  const products = known.paths.slice(0, mostPathsListed).map(path => inProduct(path.product)).join(' + ');
  const more = known.count > mostPathsListed ? ` + … (${known.count} paths)` : '';
  const sum = make('p', '', make('span', 'gradient-text', `∂${end}/∂${name} = ${known.count > 1 ? `${products}${more} = ` : ''}${shortly(known.sum, 4)}`),
    make('span', 'quiet', known.count > 1 ? '  the sum over all paths' : '  the only path'));
  return [make('h3', '', `Paths from ${name} to ${end}`), list, sum, make('div', 'ways', light)];
}
