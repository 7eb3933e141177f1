// WhatsApp's text markup as DOM nodes. Text only ever becomes text nodes, so nothing in it can be run.
"use strict";

const MARKUP = [
  [/```([^`]+)```/, "code"],
  [/(?<![\w*])\*(?=\S)([^*\n]*[^\s*])\*(?![\w*])/, "strong"],
  [/(?<![\w_])_(?=\S)([^_\n]*[^\s_])_(?![\w_])/, "em"],
  [/(?<![\w~])~(?=\S)([^~\n]*[^\s~])~(?![\w~])/, "s"],
  [/(https?:\/\/[^\s<>"*]+[^\s<>"*.,;:!?)])/, "a"],
];

function firstMark(text) {
  let first = null;
  for (const [pattern, tag] of MARKUP) {
    const match = pattern.exec(text);
    if (match && (!first || match.index < first.match.index)) first = { match, tag };
  }
  return first;
}

function markedUp(text) {
  const nodes = document.createDocumentFragment();
  for (let rest = text; rest; ) {
    const mark = firstMark(rest);
    if (!mark) {
      nodes.append(rest);
      break;
    }
    nodes.append(rest.slice(0, mark.match.index), element(mark));
    rest = rest.slice(mark.match.index + mark.match[0].length);
  }
  return nodes;
}

function element({ match, tag }) {
  const node = document.createElement(tag);
  if (tag === "a") {
    node.href = match[1];
    node.rel = "noopener noreferrer";
    node.target = "_blank";
  }
  node.append(tag === "a" || tag === "code" ? match[1] : markedUp(match[1]));
  return node;
}
