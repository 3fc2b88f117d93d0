// Reads a graph in ELK's JSON from the standard input, and writes it with coordinates.
import ELK from "elkjs";
import { readFileSync } from "node:fs";

const graph = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await new ELK().layout(graph)));
