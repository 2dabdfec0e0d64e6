"use strict";

// The pages may be served under a prefix, such as the stage of an API gateway, with or without a final slash: routes are
// relative to the page.
const here = location.pathname.replace(/\/*$/, "");
const ownName = document.documentElement.dataset.page;
const root = ownName && here.endsWith("/" + ownName) ? here.slice(0, -ownName.length - 1) : here;
const base = new URL(location.origin + root + "/");

const at = (id) => document.getElementById(id);

function route(path, parameters) {
  const url = new URL(path, base);
  for (const [name, value] of parameters || []) url.searchParams.append(name, value);
  return url;
}

// Makes an element. Children are elements or texts; texts never become markup.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

class Problem extends Error {
  constructor(title, detail, { kind, status, requestId } = {}) {
    super(detail || "");
    Object.assign(this, { title, kind, status, requestId });
  }
}

// Returns the JSON of a route, or throws a Problem. `reply` receives the response and its milliseconds.
async function call(url, options, reply) {
  const began = performance.now();
  let response;
  let text;
  try {
    response = await fetch(url, options);
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The service cannot be reached", "Check the connection, then try again.");
  }
  if (reply) reply({ response, milliseconds: performance.now() - began });
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not every gateway answers in JSON: then only the status is known.
  }
  if (response.ok && body) return body;
  throw problemOf(response, body);
}

function problemOf(response, body) {
  const said = body && typeof body === "object" ? body : {};
  const title = said.title || "The service answered with status " + response.status;
  return new Problem(title, said.detail || said.message || "", {
    kind: String(said.type || "")
      .split(":")
      .pop(),
    status: response.status,
    requestId: said.request_id || response.headers.get("x-request-id")
  });
}

// Details begin with a small letter and end without a period.
function sentence(detail) {
  if (!detail) return "";
  return detail[0].toUpperCase() + detail.slice(1) + (/[.!?]$/.test(detail) ? "" : ".");
}

function count(number, one, many) {
  return Number(number).toLocaleString() + " " + (number === 1 ? one : many);
}

function shownMilliseconds(number) {
  return number.toFixed(number < 10 ? 1 : 0) + " ms";
}

// Turns `in_stock` into "In stock".
function readable(name) {
  const words = name.replaceAll("_", " ").trim() || name;
  return words[0].toUpperCase() + words.slice(1);
}

for (const link of document.querySelectorAll("a[data-route]")) link.href = route(link.dataset.route).href;
