// The program that the page carries: it draws the graph with other groups open, and computes its numbers.

let program = null;

/** The bytes of an element that holds them compressed, as letters. */
async function bytesOf(id) {
  const letters = atob(at(id).textContent), bytes = Uint8Array.from(letters, letter => letter.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/** Takes the first part off what the page carries: the state that it shows first. */
function takeState(carried) {
  const [length] = new Uint32Array(carried.slice(0, 4).buffer);
  return [JSON.parse(new TextDecoder().decode(carried.subarray(4, 4 + length))), carried.subarray(4 + length)];
}

/** Starts the program; afterwards `ask` answers. */
async function startProgram(carried) {
  const { instance } = await WebAssembly.instantiate(await bytesOf('program'), {});
  program = instance.exports;
  const { problem } = hand('open_page', carried);
  if (problem) throw new Error(problem);
}

/** Hands bytes to a function of the program, and reads its reply: its data as text, and its drawing where there is one. */
function textsOf(name, bytes) {
  // Memory that has grown is another buffer.
  const room = program.room(bytes.length);
  new Uint8Array(program.memory.buffer, room, bytes.length).set(bytes);
  const place = program[name](), memory = program.memory.buffer, [length, drawn] = new Uint32Array(memory.slice(place, place + 8));
  const text = (from, size) => new TextDecoder().decode(new Uint8Array(memory, from, size));
  return { data: text(place + 8, length), svg: drawn ? text(place + 8 + length, drawn) : null };
}

function hand(name, bytes) {
  const { data: said, svg } = textsOf(name, bytes);
  return { ...JSON.parse(said), svg };
}

const askForTexts = (...request) => textsOf('answer', new TextEncoder().encode(request.join('\0')));

/** Asks the program, with a word and what it is about; none if it does not run. */
function ask(...request) {
  if (!program) return null;
  const { data: said, svg } = askForTexts(...request);
  return { ...JSON.parse(said), svg };
}

/** The drawing of a reply, in an element of its own. */
function placeOf(svg) {
  const place = make('div', 'drawing');
  // What is no image has no shapes: the drawing has no namespace of its own, as in the page.
  const parsed = new DOMParser().parseFromString(svg, 'text/html');
  place.append(document.adoptNode(parsed.body.firstElementChild));
  return place;
}
