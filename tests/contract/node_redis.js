// node-redis plays the contract cases: node_redis.js CASES HOST PORT
'use strict';
const redis = require('redis');
const cases = require('./cases.js');
const [path, host, port] = process.argv.slice(2);

const connect = async (options = {}) => {
  const client = redis.createClient({socket: {host, port: Number(port), reconnectStrategy: () => 1}, ...options});
  client.on('error', () => {}); // a lost connection is seen by who asks
  await client.connect();
  return client;
};

const unordered = new Set(['SMEMBERS', 'SINTER', 'SUNION', 'SDIFF', 'KEYS']);
const shown = (words, reply) => {
  if (unordered.has(words[0]))
    reply.sort();
  if (words[0] === 'SCAN' || words[0] === 'SSCAN')
    reply[1].sort();
  return JSON.stringify(reply, (_, value) => value instanceof Error ? `error ${value.message}` : value);
};
const ask = async (client, words) => {
  try {
    return shown(words, await client.sendCommand(words));
  } catch (error) {
    return `${error.constructor.name}: ${error.message}`;
  }
};

const own = {
  'objects and their types': async client => {
    await client.hSet('h', {a: 1, b: 'two'});
    await client.zAdd('z', [{score: 1.5, value: 'x'}, {score: 2, value: 'y'}]);
    return [await client.hGetAll('h'), await client.zRangeWithScores('z', 0, -1), await client.exists('h'),
            await client.set('k', 'v', {EX: 10, NX: true}), await client.set('k', 'v', {NX: true}),
            await client.hIncrBy('h', 'a', 4), await client.zScore('z', 'x'), await client.ttl('k')];
  },
  'transactions': async client =>
      [await client.multi().set('k', 1).incr('k').get('k').exec(), await client.multi().hGetAll('none').exec()],
  'optimistic transactions': async client => client.executeIsolated(async isolated => {
    await isolated.watch('k');
    await client.set('k', 'other');
    try {
      return await isolated.multi().set('k', 'mine').exec();
    } catch (error) {
      return error.constructor.name;
    }
  }),
  'many at once': async client => (await Promise.all(Array.from({length: 200}, () => client.incr('n')))).slice(-1),
  'iterators': async client => {
    for (let i = 0; i < 50; ++i)
      client.set(`k:${i}`, i);
    const found = new Set();
    for await (const key of client.scanIterator({MATCH: 'k:*'}))
      found.add(key);
    return found.size;
  },
  'a database and a name': async () => {
    const client = await connect({database: 5, name: 'node'});
    const seen = [await client.set('k', 'v'), await client.clientGetName(), await client.dbSize()];
    await client.quit();
    return seen;
  },
  'a user and a password': async () => {
    const client = await connect({username: 'default', password: 'any'});
    const seen = await client.ping();
    await client.quit();
    return seen;
  },
  'binary values': async client => {
    await client.set('k', Buffer.from([0, 255, 13, 10]));
    return [...await client.get(redis.commandOptions({returnBuffers: true}), 'k')];
  },
};

(async () => {
  for (const {name, steps} of cases.read(path)) {
    const clients = {a: await connect(), b: await connect()};
    await clients.a.flushAll();
    const results = [];
    for (const {which, text} of steps)
      results.push(await ask(clients[which], cases.words(text)));
    cases.report(name, results);
    await clients.a.disconnect();
    await clients.b.disconnect();
  }
  for (const [name, body] of Object.entries(own)) {
    const client = await connect();
    await client.flushAll();
    let result;
    try {
      result = JSON.stringify(await body(client));
    } catch (error) {
      result = `${error.constructor.name}: ${error.message}`;
    }
    cases.report(name, [result]);
    await client.disconnect();
  }
})();
