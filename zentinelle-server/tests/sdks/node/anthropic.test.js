// The official `@anthropic-ai/sdk` client.

import assert from 'node:assert/strict';

import Anthropic from '@anthropic-ai/sdk';

import {
  CLEAN, EMAIL, PNG, POISON, SECRET, all, ended, everyWay, onlyCredentialIsTheProviders, seen, underPolicy, untilError,
} from './support.js';

const MODEL = 'claude-sonnet-4-5';
const WEATHER = {
  name: 'get_weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const user = (content) => [{ role: 'user', content }];

function client(via, agent, maxRetries = 0) {
  return new Anthropic({ baseURL: via.url('anthropic'), apiKey: via.key('anthropic', agent), maxRetries, timeout: 10_000 });
}

function ask(via, text, { agent, model = MODEL, ...more } = {}) {
  return client(via, agent).messages.create({ model, max_tokens: 200, messages: user(text), ...more });
}

const said = (message) => message.content.filter((block) => block.type === 'text').map((block) => block.text).join('');
const deltas = (events) =>
  events.filter((event) => event.delta?.type === 'text_delta').map((event) => event.delta.text).join('');

everyWay('a plain call', async (via, mark) => {
  const reply = await ask(via, `hello [[mark=${mark}]]`, { system: 'Be kind.' });
  assert.equal(said(reply), CLEAN);
  await onlyCredentialIsTheProviders(mark, 'anthropic');
});

for (const how of ['', 'crlf', 'noise', 'bytewise', 'one_line', 'gzip', 'br', 'split=1']) {
  everyWay(`a stream, ${how || 'as it is'}`, async (via) => {
    const events = await all(await ask(via, `hello [[${how}]]`, { stream: true }));
    assert.deepEqual([deltas(events), events.at(-1).type], [CLEAN, 'message_stop']);
  });
}

everyWay('the stream helper with thinking', async (via) => {
  const stream = client(via).messages.stream({
    model: MODEL, max_tokens: 2000, messages: user('hello [[think]]'), thinking: { type: 'enabled', budget_tokens: 1024 },
  });
  const final = await stream.finalMessage();
  assert.equal(said(final), CLEAN);
  assert.equal(final.content[0].type, 'thinking');
});

everyWay('tools over two turns', async (via) => {
  const messages = user('What is the weather? [[tool]]');
  const first = await client(via).messages.create({ model: MODEL, max_tokens: 200, messages, tools: [WEATHER] });
  const call = first.content.find((block) => block.type === 'tool_use');
  assert.deepEqual([first.stop_reason, call.input.city], ['tool_use', 'Paris']);
  messages.push({ role: 'assistant', content: first.content });
  messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'sunny' }] });
  const second = await client(via).messages.create({ model: MODEL, max_tokens: 200, messages, tools: [WEATHER] });
  assert.match(said(second), /sunny/);
});

everyWay('tools in a stream', async (via) => {
  const stream = client(via).messages.stream({
    model: MODEL, max_tokens: 200, tools: [WEATHER], messages: user('[[tool=get_weather]] [[tool=get_time]] [[split=3]]'),
  });
  const final = await stream.finalMessage();
  assert.deepEqual(final.content.map((block) => [block.name, block.input.city]), [
    ['get_weather', 'Paris'], ['get_time', 'Paris'],
  ]);
});

everyWay('an image, counting and models', async (via) => {
  const source = { type: 'base64', media_type: 'image/png', data: PNG };
  assert.equal(said(await ask(via, [{ type: 'image', source }, { type: 'text', text: 'What?' }])), 'I see 1 image.');
  const counted = await client(via).messages.countTokens({ model: MODEL, messages: user('hello') });
  assert.ok(counted.input_tokens > 0);
  assert.ok((await all(await client(via).models.list())).some((model) => model.id === MODEL));
});

everyWay('JSON mode', async (via) => {
  const format = { type: 'json_schema', schema: { type: 'object', properties: {}, additionalProperties: false } };
  assert.deepEqual(JSON.parse(said(await ask(via, 'Who?', { output_config: { format } }))), { name: 'Ada', age: 36 });
});

for (const [status, kind] of [
  [400, Anthropic.BadRequestError], [401, Anthropic.AuthenticationError], [403, Anthropic.PermissionDeniedError],
  [404, Anthropic.NotFoundError], [429, Anthropic.RateLimitError], [500, Anthropic.InternalServerError],
  [529, Anthropic.InternalServerError],
]) {
  everyWay(`the provider's ${status} stays what it is`, async (via) => {
    for (const stream of [false, true]) {
      await assert.rejects(ask(via, `[[error=${status}]]`, { stream }), (error) => {
        assert.ok(error instanceof kind, error.constructor.name);
        assert.equal(error.status, status);
        if (status === 429) assert.equal(error.headers.get('retry-after'), '1');
        return true;
      });
    }
  });
}

everyWay('a failure is tried again', async (via, mark) => {
  const messages = user(`[[error=529]] [[flaky=${mark}]] [[mark=${mark}]]`);
  const reply = await client(via, undefined, 2).messages.create({ model: MODEL, max_tokens: 9, messages });
  assert.equal(said(reply), CLEAN);
  assert.equal((await seen(mark)).length, 2);
});

everyWay('cancelling a stream ends the provider\'s', async (via, mark) => {
  const stream = await ask(via, `[[chunks=400]] [[gap=25]] [[mark=${mark}]]`, { stream: true });
  let count = 0;
  for await (const _ of stream) {
    count += 1;
    if (count === 4) stream.controller.abort();
  }
  await ended(mark, 'aborted');
});

for (const how of ['truncate', 'reset_midstream', 'error_midstream']) {
  everyWay(`a stream that breaks off does not hang, ${how}`, async (via) => {
    const { events, error } = await untilError(() => ask(via, `[[${how}]]`, { stream: true }));
    assert.ok(CLEAN.startsWith(deltas(events)));
    assert.ok(!events.some((event) => event.type === 'message_stop'), 'half a reply must not look whole');
    if (how === 'error_midstream') assert.match(String(error?.message), /overloaded/i);
  });
}

// ------------------------------------------------------------------ what policies do

underPolicy('our key is asked for', async (via) => {
  const stranger = new Anthropic({ baseURL: via.url('anthropic'), apiKey: 'sk-ant-theirs', maxRetries: 0 });
  await assert.rejects(
    stranger.messages.create({ model: MODEL, max_tokens: 9, messages: user('hi') }), Anthropic.AuthenticationError);
});

underPolicy('a model that is not allowed', async (via, mark) => {
  for (const stream of [false, true]) {
    const asked = { agent: 'models', model: 'claude-3-haiku-20240307', stream };
    await assert.rejects(ask(via, `[[mark=${mark}]]`, asked), (error) => {
      assert.ok(error instanceof Anthropic.PermissionDeniedError);
      assert.match(error.message, /claude-3-haiku/);
      assert.equal(error.error.error.type, 'permission_error');
      return true;
    });
  }
  assert.deepEqual(await seen(mark), []);
});

underPolicy('a budget', async (via, mark) => {
  await assert.rejects(ask(via, `[[mark=${mark}]]`, { agent: 'poor' }), (error) => {
    assert.ok(error instanceof Anthropic.RateLimitError);
    assert.ok(Number.parseInt(error.headers.get('retry-after'), 10) >= 1);
    return true;
  });
  assert.deepEqual(await seen(mark), []);
});

for (const [what, held] of [['secret', SECRET], ['email', EMAIL]]) {
  underPolicy(`a masked ${what}`, async (via) => {
    for (const how of ['', '[[split=1]]', '[[split=3]]', '[[gzip]]']) {
      const whole = said(await ask(via, `[[${what}]] ${how}`, { agent: 'masked' }));
      const text = deltas(await all(await ask(via, `[[${what}]] ${how}`, { agent: 'masked', stream: true })));
      for (const one of [whole, text]) {
        assert.ok(!one.includes(held) && !one.includes(held.slice(4, 20)), one);
        assert.match(one, /^(Sure, the token is|Write to).*( needed\.|know\.)$/);
      }
    }
  });
}

underPolicy('a forbidden reply is denied or cut', async (via) => {
  await assert.rejects(ask(via, '[[secret]]', { agent: 'cut' }), Anthropic.PermissionDeniedError);
  const { events, error } = await untilError(() => ask(via, '[[secret]] [[split=3]]', { agent: 'cut', stream: true }));
  assert.ok(!JSON.stringify(events).includes(SECRET.slice(0, 12)));
  assert.ok(error instanceof Anthropic.APIError, 'the stream ends with an error');
});

underPolicy('a denied tool call never reaches the client', async (via) => {
  for (const order of ['[[tool=shell]]', '[[tool=get_weather]] [[tool=shell]]']) {
    for (const stream of [true, false]) {
      const asked = { agent: 'tools', tools: [WEATHER], stream };
      const { events, error } = await untilError(async () => {
        const answer = await ask(via, `${order} [[split=4]]`, asked);
        return stream ? answer : [answer];
      });
      assert.doesNotMatch(JSON.stringify(events), /rm -rf/);
      if (error) assert.ok(error instanceof Anthropic.APIError, error);
    }
  }
});

underPolicy('orders in a tool\'s result are found', async (via, mark) => {
  const messages = [
    ...user(`Summarise my mail [[mark=${mark}]]`),
    { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'read', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: POISON }] }] },
  ];
  await assert.rejects(
    client(via, 'guarded').messages.create({ model: MODEL, max_tokens: 9, messages }), Anthropic.PermissionDeniedError);
  assert.deepEqual(await seen(mark), []);
});
