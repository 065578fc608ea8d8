/** Builds elements. Texts only ever become text nodes: markup in a review stays text. */

/** An element; attributes that are null are left out, `on` holds listeners, children may be strings, nodes or null. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on') {
      Object.entries(value).forEach(([event, listener]) => element.addEventListener(event, listener));
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined).map(text));
  return element;
}

function text(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

/** The element with that id; it is in the page. */
export function byId(id) {
  return document.getElementById(id);
}

/** Sets the text only when it changes, so that screen readers hear changes alone. */
export function setText(element, value) {
  if (element.textContent !== value) {
    element.textContent = value;
  }
}

/** A term and its description, for a `dl`. */
export function pair(term, ...description) {
  return el('div', {}, el('dt', {}, term), el('dd', {}, ...description));
}
