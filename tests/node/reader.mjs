// Reads what a service has published, knowing it by its AsyncAPI document alone.
//
//   node reader.mjs <asyncapi.yaml> <message> <host:port>
//
// The user's name and password come by NATS_USER and NATS_PASSWORD. Each message is checked against the
// document and printed as a line of JSON; one that does not keep to it ends the program with status 1.

import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

const [path, wanted, host] = process.argv.slice(2);
const api = parse(readFileSync(path, "utf8"));
const { NATS_USER: user, NATS_PASSWORD: pass } = process.env;

function followed(reference) {
  return reference.split("/").slice(1).reduce((place, part) => place[part], api);
}

function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function channelOf(message) {
  const sending = Object.values(api.operations).filter((one) => one.action === "send");
  const channels = sending.map((one) => followed(one.channel.$ref));
  return channels.find((channel) => message in channel.messages);
}

function validators(message) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema({ $id: "api", components: api.components });
  const at = `api#/components/messages/${message.replaceAll("/", "~1")}`;
  const declared = api.components.messages[message];
  const compiled = (part) => ajv.compile({ $ref: declared[part].$ref ? `api${declared[part].$ref}` : `${at}/${part}` });
  return { headers: compiled("headers"), payload: compiled("payload") };
}

function checked(validate, value, what) {
  if (!validate(value)) {
    console.error(`${what} is not as the document says: ${JSON.stringify(validate.errors)}`);
    process.exitCode = 1;
  }
}

function headersOf(stored) {
  return Object.fromEntries(stored.header.keys().map((name) => [name, stored.header.get(name)]));
}

function connection() {
  const server = api.servers.nats;
  const servers = filled(server.host, { host });
  const inboxPrefix = filled(server["x-inbox-prefix"], { user });
  return connect({ servers, user, pass, inboxPrefix });
}

const channel = channelOf(wanted);
const { name, parameters, validate } = {
  name: api.components.messages[wanted].title,
  parameters: channel.parameters,
  validate: validators(wanted),
};
const nats = await connection();
const { direct } = await jetstreamManager(nats, { checkAPI: false });
for (const partition of parameters.partition.enum) {
  const subject = filled(channel.address, { name, partition });
  let seq = 1;
  for (;;) {
    const stored = await direct.getMessage(channel["x-stream"], { seq, next_by_subj: subject });
    if (stored === null) break;
    seq = stored.seq + 1;
    const [headers, payload] = [headersOf(stored), stored.json()];
    checked(validate.headers, headers, "a header");
    checked(validate.payload, payload, "a body");
    const expected = crc32(headers["ce-subject"]) % parameters.partition.enum.length;
    if (expected !== Number(partition)) {
      console.error(`${headers["ce-subject"]} belongs into partition ${expected}`);
      process.exitCode = 1;
    }
    console.log(JSON.stringify({ subject: stored.subject, headers, payload }));
  }
}
await nats.close();
