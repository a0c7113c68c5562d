// What runs inside Redis: the whole of a batch, or of a settlement, in one step.
//
// A total in an open window is a hash of `start`, `end` and `used`; one in a sliding window a hash of what each step
// of it used. A reservation is a text: when it expires, when it was charged, and its lines as JSON, each with the key,
// the kind and the unit of its total, the amount, and the step it was charged to.

/**
 * KEYS: the totals, then the reservation if there is one. ARGV: commit | peek, now, the reservation's text or none, for
 * how long it is kept, then six for each total: open | sliding, the amount, the limit or none, the end of a window that
 * opens now or the current step, the oldest step that counts, and how long to keep it. Answers 1 if it was added, 0 if
 * not, `reserved` if the reservation is open already; then what was used and when it resets, for each total as it stood
 * before.
 *
 * @internal
 */
export const APPLY = `
local now, count = tonumber(ARGV[2]), (#ARGV - 4) / 6
local totals, fit, answer = {}, true, { '0' }
for place = 1, count do
  local key, at = KEYS[place], 6 * place - 1
  local total = { kind = ARGV[at], amount = tonumber(ARGV[at + 1]), used = 0, resets = '', gone = {} }
  if total.kind == 'open' then
    local held = redis.call('HMGET', key, 'end', 'used')
    if held[1] and now < tonumber(held[1]) then
      total.used, total.resets = tonumber(held[2]), held[1]
    end
  else
    local held, oldest, first = redis.call('HGETALL', key), tonumber(ARGV[at + 4]), nil
    for field = 1, #held, 2 do
      local step = tonumber(held[field])
      if step < oldest then
        total.gone[#total.gone + 1] = held[field]
      else
        total.used = total.used + tonumber(held[field + 1])
        if not first or step < first then first, total.resets = step, held[field] end
        if not total.last or step > total.last then total.last = step end
      end
    end
  end
  local limit = ARGV[at + 2]
  if limit ~= '' and total.used + total.amount > tonumber(limit) then fit = false end
  totals[place] = total
  answer[#answer + 1] = string.format('%.0f', total.used)
  answer[#answer + 1] = total.resets
end
if ARGV[1] ~= 'commit' or not fit then return answer end
local reserves = ARGV[3] ~= ''
if reserves then
  local open = redis.call('GET', KEYS[count + 1])
  if open and tonumber(string.match(open, '^%S+')) > now then return { 'reserved' } end
  redis.call('SET', KEYS[count + 1], ARGV[3], 'PX', ARGV[4])
end
answer[1] = '1'
for place = 1, count do
  local key, at, total = KEYS[place], 6 * place - 1, totals[place]
  local amount, a, keep = ARGV[at + 1], ARGV[at + 3], ARGV[at + 5]
  if total.kind == 'sliding' then
    if #total.gone > 0 then redis.call('HDEL', key, unpack(total.gone)) end
    local step = a
    -- A clock that went back adds to the newest step: never to a forgotten one.
    if total.last and total.last > tonumber(a) then step = string.format('%.0f', total.last) end
    redis.call('HINCRBY', key, step, amount)
    redis.call('PEXPIRE', key, keep)
  elseif total.resets ~= '' then
    redis.call('HINCRBY', key, 'used', amount)
  elseif reserves or total.amount > 0 then
    -- A charge of nothing opens no window, but a reservation of nothing may be settled with something.
    redis.call('DEL', key)
    redis.call('HSET', key, 'start', ARGV[2], 'end', a, 'used', amount)
    redis.call('PEXPIRE', key, keep)
  end
end
return answer
`;

/**
 * KEYS: the reservation; its totals lie in the same slot. ARGV: settle | release, now, then what was used in truth, each
 * or none: tokens, usd_micros, bytes. Answers `missing`, `settled` or `overran`.
 *
 * @internal
 */
export const SETTLE = `
local release, now = ARGV[1] == 'release', tonumber(ARGV[2])
local truth = { tokens = ARGV[3], usd_micros = ARGV[4], bytes = ARGV[5], calls = '' }
local kept = redis.call('GET', KEYS[1])
if not kept then return 'missing' end
redis.call('DEL', KEYS[1])
local expires, charged, lines = string.match(kept, '^(%S+) (%S+) (.*)$')
if tonumber(expires) <= now then return 'missing' end
charged = tonumber(charged)
local answer = 'settled'
for _, line in ipairs(cjson.decode(lines)) do
  local key, kind, unit, reserved, charged_step = line[1], line[2], line[3], tonumber(line[4]), tonumber(line[5])
  local actual = release and '0' or truth[unit]
  if actual ~= '' then
    actual = tonumber(actual)
    if actual > reserved then answer = 'overran' end
    local field
    if kind == 'open' then
      local held = redis.call('HMGET', key, 'start', 'end')
      if held[1] and now < tonumber(held[2]) and tonumber(held[1]) <= charged then field = 'used' end
    else
      local first
      for _, name in ipairs(redis.call('HKEYS', key)) do
        local step = tonumber(name)
        if step >= charged_step and (not first or step < first) then first, field = step, name end
      end
    end
    if field then
      local used = math.max(tonumber(redis.call('HGET', key, field)) - reserved, 0) + actual
      redis.call('HSET', key, field, string.format('%.0f', used))
    end
  end
end
return answer
`;
