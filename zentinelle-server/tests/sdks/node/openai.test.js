// The official `openai` client.

import assert from 'node:assert/strict';

import OpenAI from 'openai';

import {
  CLEAN, EMAIL, PNG, POISON, SECRET, all, ended, everyWay, onlyCredentialIsTheProviders, seen, underPolicy, untilError,
} from './support.js';

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const WEATHER = { type: 'function', function: { name: 'get_weather', parameters } };
const FLAT_WEATHER = { type: 'function', name: 'get_weather', parameters, strict: false };
const user = (content) => [{ role: 'user', content }];

function client(via, agent, maxRetries = 0) {
  return new OpenAI({ baseURL: `${via.url('openai')}/v1`, apiKey: via.key('openai', agent), maxRetries, timeout: 10_000 });
}

function ask(via, text, { agent, model = 'gpt-4o', ...more } = {}) {
  return client(via, agent).chat.completions.create({ model, messages: user(text), ...more });
}

function joined(chunks) {
  const reply = { text: '', tools: [], finish: undefined, usage: undefined };
  for (const chunk of chunks) {
    reply.usage = chunk.usage ?? reply.usage;
    for (const choice of chunk.choices) {
      reply.text += choice.delta.content ?? '';
      reply.finish = choice.finish_reason ?? reply.finish;
      for (const call of choice.delta.tool_calls ?? []) {
        reply.tools[call.index] ??= { name: '', arguments: '' };
        reply.tools[call.index].name += call.function.name ?? '';
        reply.tools[call.index].arguments += call.function.arguments ?? '';
      }
    }
  }
  return reply;
}

everyWay('a plain call', async (via, mark) => {
  const reply = await ask(via, `hello [[mark=${mark}]]`);
  assert.equal(reply.choices[0].message.content, CLEAN);
  await onlyCredentialIsTheProviders(mark, 'openai');
});

for (const how of ['', 'crlf', 'noise', 'bytewise', 'one_line', 'gzip', 'br', 'split=1']) {
  everyWay(`a stream, ${how || 'as it is'}`, async (via) => {
    const reply = joined(await all(await ask(via, `hello [[${how}]]`, { stream: true })));
    assert.deepEqual([reply.text, reply.finish, reply.usage], [CLEAN, 'stop', undefined]);
  });
}

everyWay('a stream with usage', async (via) => {
  const asked = { stream: true, stream_options: { include_usage: true } };
  const reply = joined(await all(await ask(via, 'hello [[output_tokens=7]]', asked)));
  assert.equal(reply.usage.completion_tokens, 7);
});

everyWay('tools over two turns', async (via) => {
  const messages = user('What is the weather? [[tool]]');
  const first = await client(via).chat.completions.create({ model: 'gpt-4o', messages, tools: [WEATHER] });
  const [call] = first.choices[0].message.tool_calls;
  assert.equal(JSON.parse(call.function.arguments).city, 'Paris');
  messages.push(first.choices[0].message, { role: 'tool', tool_call_id: call.id, content: 'sunny' });
  const second = await client(via).chat.completions.create({ model: 'gpt-4o', messages, tools: [WEATHER] });
  assert.match(second.choices[0].message.content, /sunny/);
});

everyWay('tools in a stream', async (via) => {
  const { tools, finish } = joined(
    await all(await ask(via, '[[tool=get_weather]] [[tool=get_time]] [[split=3]]', { tools: [WEATHER], stream: true })),
  );
  assert.equal(finish, 'tool_calls');
  assert.deepEqual(tools.map((call) => [call.name, JSON.parse(call.arguments).city]), [
    ['get_weather', 'Paris'], ['get_time', 'Paris'],
  ]);
});

everyWay('the runner of tools', async (via) => {
  const weather = {
    type: 'function',
    function: { name: 'get_weather', parameters, parse: JSON.parse, function: ({ city }) => `sunny in ${city}` },
  };
  const runner = client(via).chat.completions.runTools({
    model: 'gpt-4o', messages: user('[[tool]]'), tools: [weather], stream: true,
  });
  assert.match(await runner.finalContent(), /sunny/);
});

everyWay('JSON mode', async (via) => {
  const reply = await ask(via, 'Who?', { response_format: { type: 'json_object' } });
  assert.deepEqual(JSON.parse(reply.choices[0].message.content), { name: 'Ada', age: 36 });
});

everyWay('an image', async (via) => {
  const content = [{ type: 'text', text: 'What?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }];
  assert.equal((await ask(via, content)).choices[0].message.content, 'I see 1 image.');
});

everyWay('embeddings, completions and models', async (via) => {
  const made = await client(via).embeddings.create({ model: 'text-embedding-3-large', input: ['a', 'b'] });
  assert.deepEqual(made.data.map((item) => Array.from(item.embedding)), [Array(8).fill(0.25), Array(8).fill(0.25)]);
  const old = await client(via).completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'hello' });
  assert.equal(old.choices[0].text, CLEAN);
  const models = await all(await client(via).models.list());
  assert.ok(models.some((model) => model.id === 'gpt-4o'));
});

everyWay('responses', async (via) => {
  const reply = await client(via).responses.create({ model: 'gpt-4o', input: 'hello [[think]]' });
  assert.equal(reply.output_text, CLEAN);
  const events = await all(await client(via).responses.create({ model: 'gpt-4o', input: 'hello', stream: true }));
  assert.equal(events.filter((event) => event.type === 'response.output_text.delta').map((e) => e.delta).join(''), CLEAN);
  assert.equal(events.at(-1).type, 'response.completed');
});

everyWay('responses with tools', async (via) => {
  const stream = client(via).responses.stream({ model: 'gpt-4o', input: '[[tool]] [[split=2]]', tools: [FLAT_WEATHER] });
  const [call] = (await stream.finalResponse()).output;
  assert.equal(JSON.parse(call.arguments).city, 'Paris');
  const input = [...user('[[tool]]'), call, { type: 'function_call_output', call_id: call.call_id, output: 'sunny' }];
  const second = await client(via).responses.create({ model: 'gpt-4o', input, tools: [FLAT_WEATHER] });
  assert.match(second.output_text, /sunny/);
});

for (const [status, kind] of [
  [400, OpenAI.BadRequestError], [401, OpenAI.AuthenticationError], [403, OpenAI.PermissionDeniedError],
  [404, OpenAI.NotFoundError], [429, OpenAI.RateLimitError], [500, OpenAI.InternalServerError],
]) {
  everyWay(`the provider's ${status} stays what it is`, async (via) => {
    for (const stream of [false, true]) {
      await assert.rejects(ask(via, `[[error=${status}]]`, { stream }), (error) => {
        assert.ok(error instanceof kind, error.constructor.name);
        if (status === 429) assert.equal(error.headers.get('retry-after'), '1');
        return true;
      });
    }
  });
}

everyWay('a failure is tried again', async (via, mark) => {
  const content = `[[error=500]] [[flaky=${mark}]] [[mark=${mark}]]`;
  const reply = await client(via, undefined, 2).chat.completions.create({ model: 'gpt-4o', messages: user(content) });
  assert.equal(reply.choices[0].message.content, CLEAN);
  assert.equal((await seen(mark)).length, 2);
});

everyWay('cancelling a stream ends the provider\'s', async (via, mark) => {
  const stream = await ask(via, `[[chunks=400]] [[gap=25]] [[mark=${mark}]]`, { stream: true });
  let count = 0;
  for await (const _ of stream) {
    count += 1;
    if (count === 3) stream.controller.abort();
  }
  await ended(mark, 'aborted');
});

for (const how of ['truncate', 'reset_midstream', 'error_midstream']) {
  everyWay(`a stream that breaks off does not hang, ${how}`, async (via) => {
    const { events, error } = await untilError(() => ask(via, `[[${how}]]`, { stream: true }));
    const { text, finish } = joined(events);
    assert.ok(CLEAN.startsWith(text));
    assert.notEqual(finish, 'stop', 'half a reply must not look whole');
    if (how === 'error_midstream') assert.ok(error instanceof OpenAI.APIError);
  });
}

// ------------------------------------------------------------------ what policies do

underPolicy('our key is asked for', async (via) => {
  const stranger = new OpenAI({ baseURL: `${via.url('openai')}/v1`, apiKey: 'sk-theirs', maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});

underPolicy('a model that is not allowed', async (via, mark) => {
  for (const stream of [false, true]) {
    await assert.rejects(ask(via, `[[mark=${mark}]]`, { agent: 'models', model: 'gpt-4o-mini', stream }), (error) => {
      assert.ok(error instanceof OpenAI.PermissionDeniedError);
      assert.match(error.message, /gpt-4o-mini/);
      assert.deepEqual([error.code, error.type], ['policy_denied', 'policy_violation']);
      return true;
    });
  }
  assert.deepEqual(await seen(mark), []);
});

underPolicy('a budget', async (via, mark) => {
  await assert.rejects(ask(via, `[[mark=${mark}]]`, { agent: 'poor' }), (error) => {
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.ok(Number.parseInt(error.headers.get('retry-after'), 10) >= 1);
    return true;
  });
  assert.deepEqual(await seen(mark), []);
});

for (const [what, held] of [['secret', SECRET], ['email', EMAIL]]) {
  underPolicy(`a masked ${what}`, async (via) => {
    for (const how of ['', '[[split=1]]', '[[split=3]]', '[[gzip]]']) {
      const whole = await ask(via, `[[${what}]] ${how}`, { agent: 'masked' });
      const { text } = joined(await all(await ask(via, `[[${what}]] ${how}`, { agent: 'masked', stream: true })));
      for (const said of [whole.choices[0].message.content, text]) {
        assert.ok(!said.includes(held) && !said.includes(held.slice(4, 20)), said);
        assert.match(said, /^(Sure, the token is|Write to).*( needed\.|know\.)$/);
      }
    }
  });
}

underPolicy('a forbidden reply is denied or cut', async (via) => {
  await assert.rejects(ask(via, '[[secret]]', { agent: 'cut' }), OpenAI.PermissionDeniedError);
  const { text, finish } = joined(await all(await ask(via, '[[secret]] [[split=3]]', { agent: 'cut', stream: true })));
  assert.ok(!text.includes(SECRET.slice(0, 12)));
  assert.equal(finish, 'content_filter');
});

underPolicy('a denied tool call never reaches the client', async (via) => {
  for (const order of ['[[tool=shell]]', '[[tool=get_weather]] [[tool=shell]]']) {
    const asked = { agent: 'tools', tools: [WEATHER] };
    const begin = [
      () => ask(via, `${order} [[split=4]]`, { ...asked, stream: true }),
      () => client(via, 'tools').responses.create({ model: 'gpt-4o', input: order, tools: [FLAT_WEATHER], stream: true }),
      async () => [await ask(via, order, asked)],
    ];
    for (const one of begin) {
      const { events, error } = await untilError(one);
      assert.doesNotMatch(JSON.stringify(events), /rm -rf/);
      if (error) assert.ok(error instanceof OpenAI.APIError, error);
    }
  }
});

underPolicy('orders in a tool\'s result are found', async (via, mark) => {
  const messages = [
    ...user(`Summarise my mail [[mark=${mark}]]`),
    { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'read', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: 'c', content: POISON },
  ];
  await assert.rejects(
    client(via, 'guarded').chat.completions.create({ model: 'gpt-4o', messages }), OpenAI.PermissionDeniedError);
  assert.deepEqual(await seen(mark), []);
});
