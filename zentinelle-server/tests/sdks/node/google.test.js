// The official `@google/genai` client.

import assert from 'node:assert/strict';

import { ApiError, GoogleGenAI, Type } from '@google/genai';

import {
  CLEAN, EMAIL, PNG, POISON, SECRET, all, ended, everyWay, onlyCredentialIsTheProviders, seen, underPolicy, untilError,
} from './support.js';

const MODEL = 'gemini-2.5-flash';
const parameters = { type: Type.OBJECT, properties: { city: { type: Type.STRING } } };
const TOOLS = { tools: [{ functionDeclarations: [{ name: 'get_weather', parameters }] }] };

function client(via, agent) {
  return new GoogleGenAI({
    apiKey: via.key('google', agent), httpOptions: { baseUrl: via.url('google'), timeout: 10_000 },
  });
}

function ask(via, contents, { agent, model = MODEL, config, stream = false } = {}) {
  const { models } = client(via, agent);
  return stream ? models.generateContentStream({ model, contents, config }) : models.generateContent({ model, contents, config });
}

const parts = (chunks) => chunks.flatMap((chunk) => chunk.candidates ?? []).flatMap((one) => one.content?.parts ?? []);
const text = (chunks) => parts(chunks).filter((part) => !part.thought).map((part) => part.text ?? '').join('');

everyWay('a plain call', async (via, mark) => {
  assert.equal((await ask(via, `hello [[mark=${mark}]]`)).text, CLEAN);
  await onlyCredentialIsTheProviders(mark, 'google');
});

for (const how of ['', 'crlf', 'bytewise', 'one_line', 'gzip', 'br', 'split=1']) {
  everyWay(`a stream, ${how || 'as it is'}`, async (via) => {
    const chunks = await all(await ask(via, `hello [[${how}]]`, { stream: true }));
    assert.equal(text(chunks), CLEAN);
    assert.equal(chunks.at(-1).candidates[0].finishReason, 'STOP');
    assert.ok(chunks.at(-1).usageMetadata.totalTokenCount > 0);
  });
}

everyWay('tools over two turns', async (via) => {
  const first = await ask(via, 'What is the weather? [[tool]]', { config: TOOLS });
  const [call] = first.functionCalls;
  assert.deepEqual([call.name, call.args.city], ['get_weather', 'Paris']);
  const turns = [
    { role: 'user', parts: [{ text: 'weather? [[tool]]' }] },
    first.candidates[0].content,
    { role: 'user', parts: [{ functionResponse: { name: call.name, response: { sky: 'sunny' } } }] },
  ];
  assert.match((await ask(via, turns, { config: TOOLS })).text, /sunny/);
});

everyWay('tools in a stream', async (via) => {
  const chunks = await all(await ask(via, '[[tool=get_weather]] [[tool=get_time]]', { config: TOOLS, stream: true }));
  const calls = parts(chunks).flatMap((part) => part.functionCall ?? []);
  assert.deepEqual(calls.map((call) => [call.name, call.args.city]), [['get_weather', 'Paris'], ['get_time', 'Paris']]);
});

everyWay('a chat', async (via) => {
  const chat = client(via).chats.create({ model: MODEL });
  assert.equal((await chat.sendMessage({ message: 'hello' })).text, CLEAN);
  assert.equal(text(await all(await chat.sendMessageStream({ message: 'again' }))), CLEAN);
});

everyWay('JSON mode, an image, counting and embedding', async (via) => {
  const json = await ask(via, 'Who?', { config: { responseMimeType: 'application/json' } });
  assert.deepEqual(JSON.parse(json.text), { name: 'Ada', age: 36 });
  const image = await ask(via, [{ inlineData: { data: PNG, mimeType: 'image/png' } }, { text: 'What?' }]);
  assert.equal(image.text, 'I see 1 image.');
  const { models } = client(via);
  assert.ok((await models.countTokens({ model: MODEL, contents: 'hello' })).totalTokens > 0);
  const made = await models.embedContent({ model: 'gemini-embedding-001', contents: 'hello' });
  assert.deepEqual(made.embeddings[0].values, [0.25, 0.25, 0.25, 0.25]);
});

for (const status of [400, 401, 403, 404, 429, 500, 503]) {
  everyWay(`the provider's ${status} stays what it is`, async (via) => {
    for (const stream of [false, true]) {
      await assert.rejects(ask(via, `[[error=${status}]]`, { stream }), (error) => {
        assert.ok(error instanceof ApiError, error.constructor.name);
        assert.equal(error.status, status);
        return true;
      });
    }
  });
}

everyWay('cancelling a stream ends the provider\'s', async (via, mark) => {
  const given = new AbortController();
  const asked = { stream: true, config: { abortSignal: given.signal } };
  await untilError(async () => {
    const chunks = await ask(via, `[[chunks=400]] [[gap=25]] [[mark=${mark}]]`, asked);
    setTimeout(() => given.abort(), 200);
    return chunks;
  });
  await ended(mark, 'aborted');
});

for (const how of ['truncate', 'reset_midstream', 'error_midstream']) {
  everyWay(`a stream that breaks off does not hang, ${how}`, async (via) => {
    const { events } = await untilError(() => ask(via, `[[${how}]]`, { stream: true }));
    const finishes = events.flatMap((chunk) => chunk.candidates ?? []).map((one) => one.finishReason);
    assert.ok(!finishes.includes('STOP'), 'half a reply must not look whole');
  });
}

// ------------------------------------------------------------------ what policies do

underPolicy('our key is asked for', async (via) => {
  const stranger = new GoogleGenAI({ apiKey: 'AIzaTheirs', httpOptions: { baseUrl: via.url('google') } });
  await assert.rejects(stranger.models.generateContent({ model: MODEL, contents: 'hi' }), { status: 401 });
});

underPolicy('a model in the path that is not allowed', async (via, mark) => {
  for (const stream of [false, true]) {
    const asked = { agent: 'models', model: 'gemini-1.5-flash', stream };
    await assert.rejects(ask(via, `[[mark=${mark}]]`, asked), (error) => {
      assert.deepEqual([error instanceof ApiError, error.status], [true, 403]);
      assert.match(error.message, /gemini-1\.5-flash/);
      assert.match(error.message, /PERMISSION_DENIED/);
      return true;
    });
  }
  assert.deepEqual(await seen(mark), []);
});

underPolicy('a budget', async (via, mark) => {
  await assert.rejects(ask(via, `[[mark=${mark}]]`, { agent: 'poor' }), { status: 429 });
  assert.deepEqual(await seen(mark), []);
});

for (const [what, held] of [['secret', SECRET], ['email', EMAIL]]) {
  underPolicy(`a masked ${what}`, async (via) => {
    for (const how of ['', '[[split=1]]', '[[split=3]]', '[[gzip]]']) {
      const whole = (await ask(via, `[[${what}]] ${how}`, { agent: 'masked' })).text;
      const streamed = text(await all(await ask(via, `[[${what}]] ${how}`, { agent: 'masked', stream: true })));
      for (const said of [whole, streamed]) {
        assert.ok(!said.includes(held) && !said.includes(held.slice(4, 20)), said);
        assert.match(said, /^(Sure, the token is|Write to).*( needed\.|know\.)$/);
      }
    }
  });
}

underPolicy('a forbidden reply is denied or cut', async (via) => {
  await assert.rejects(ask(via, '[[secret]]', { agent: 'cut' }), { status: 403 });
  const chunks = await all(await ask(via, '[[secret]] [[split=3]]', { agent: 'cut', stream: true }));
  assert.ok(!text(chunks).includes(SECRET.slice(0, 12)));
  assert.equal(chunks.at(-1).candidates[0].finishReason, 'SAFETY');
});

underPolicy('a denied tool call never reaches the client', async (via) => {
  for (const order of ['[[tool=shell]]', '[[tool=get_weather]] [[tool=shell]]']) {
    for (const stream of [true, false]) {
      const { events } = await untilError(async () => {
        const answer = await ask(via, order, { agent: 'tools', config: TOOLS, stream });
        return stream ? answer : [answer];
      });
      assert.doesNotMatch(JSON.stringify(events), /rm -rf/);
    }
  }
});

underPolicy('orders in a function\'s response are found', async (via, mark) => {
  const contents = [
    { role: 'user', parts: [{ text: `Summarise my mail [[mark=${mark}]]` }] },
    { role: 'model', parts: [{ functionCall: { name: 'read', args: {} } }] },
    { role: 'user', parts: [{ functionResponse: { name: 'read', response: { result: POISON } } }] },
  ];
  await assert.rejects(ask(via, contents, { agent: 'guarded' }), { status: 403 });
  assert.deepEqual(await seen(mark), []);
});
