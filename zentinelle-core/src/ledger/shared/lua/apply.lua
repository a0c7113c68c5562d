-- Carries out batches one after the other: adds every amount of a batch, or none when one does
-- not fit; or only looks. Each sees what those before it left.
-- KEYS: the epoch, then totals and reservations, each once.
-- ARGV: the epoch expected; then for each batch: commit | peek, now, the place of its reservation
-- among the KEYS or 0, the reservation's text, its expiry in ms, the number of totals, and seven
-- for each total: its place among the KEYS, open | sliding, the amount, the limit or none, two
-- instants (where a window that opens now starts and ends) or two steps (the current, the oldest
-- that counts), and the expiry in ms.
-- Answers for each batch: seen | spent | reserved; unless reserved, two for each total: what was
-- used and when that ends. Then for each key but the epoch: the state of a total that was changed.
local held = redis.call('MGET', unpack(KEYS))
if held[1] ~= ARGV[1] then return { 'cold' } end
-- Totals in open windows, read once; what was changed of the others; and for how long a key is
-- kept that is not to keep its time.
local opens, changed, steps_changed, expiries, answer = {}, {}, {}, {}, {}

local function look_open(key, now)
  local open = opens[key]
  if open == nil then
    open = open_of(held[key]) or false
    if open then open.till, open.since = tonumber(open.to), tonumber(open.from) end
    opens[key] = open
  end
  if open and now < open.till then return { open = open, used = open.used, resets = open.to } end
  return { used = { 0, 0 }, resets = '' }
end

-- The text of a reservation. Whoever asked first may be charged second: where the window of a total
-- began after `now`, that is when the total was charged, and the text says it for each.
local function charged_when(reserved, totals, now)
  local late = false
  for _, total in ipairs(totals) do late = late or (total.open and total.open.since > now) end
  if not late then return reserved end
  local expires, at, lines = string.match(reserved, '^(%S+) (%S+) (.*)$')
  local instants = {}
  for place, total in ipairs(totals) do
    instants[place] = total.open and total.open.since > now and total.open.from or at
  end
  return expires .. ' ' .. table.concat(instants, ',') .. ' ' .. lines
end

local function look_sliding(key, oldest)
  local held_text = held[key] or ''
  local sum, last, last_amount, tail, first = string.match(held_text, '^(%d+) (%-?%d+) (%d+);()(%-?%d*)')
  if first == '' then first = last end
  if sum and tonumber(first) >= oldest then
    -- Every step counts still, as nearly always: the sum stands, and the steps need not be read.
    local newest = { step = tonumber(last), name = last, amount = number(last_amount) }
    return { last = newest, tail = string.sub(held_text, tail), used = number(sum), resets = first }
  end
  local total = { steps = {}, used = { 0, 0 }, resets = '' }
  for _, step in ipairs(steps_of(held_text)) do
    if step.step >= oldest then
      if total.resets == '' then total.resets = step.name end
      total.used = plus(total.used, step.amount)
      total.steps[#total.steps + 1] = step
    end
  end
  return total
end

local function spend_sliding(key, total, a, expiry)
  local steps, last = total.steps, total.last
  if steps then last = steps[#steps] end
  -- A clock that went back adds to the newest step: never to a forgotten one.
  local joins = last and last.step >= tonumber(a)
  local newest = joins and last or { step = tonumber(a), name = a, amount = { 0, 0 } }
  local before = not joins and last
  newest.amount = plus(newest.amount, total.amount)
  if steps then
    if not joins then steps[#steps + 1] = newest end
    held[key] = steps_text(steps)
  else
    local tail = total.tail
    if before then tail = tail .. (tail == '' and '' or ' ') .. step_text(before) end
    local sum = text(plus(total.used, total.amount))
    held[key] = sum .. ' ' .. newest.name .. ' ' .. text(newest.amount) .. ';' .. tail
  end
  changed[key], expiries[key] = true, expiry
  local told = steps_changed[key] or {}
  steps_changed[key] = told
  local place = #told
  if place == 0 or told[place].name ~= newest.name then place = place + 1 end
  told[place] = newest
end

local at = 2
while ARGV[at] do
  local commit, now = ARGV[at] == 'commit', tonumber(ARGV[at + 1])
  local reservation, reserved, reserved_for = tonumber(ARGV[at + 2]), ARGV[at + 3], ARGV[at + 4]
  local first = at + 6
  at = first + 7 * tonumber(ARGV[at + 5])
  local totals, fit, word = {}, true, #answer + 1
  answer[word] = 'seen'
  for place = first, at - 7, 7 do
    local key, limit, total = tonumber(ARGV[place]), ARGV[place + 3], nil
    if ARGV[place + 1] == 'open' then
      total = look_open(key, now)
    else
      total = look_sliding(key, tonumber(ARGV[place + 5]))
    end
    total.key, total.amount = key, number(ARGV[place + 2])
    if limit ~= '' and exceeds(plus(total.used, total.amount), number(limit)) then fit = false end
    totals[#totals + 1] = total
    answer[#answer + 1] = text(total.used)
    answer[#answer + 1] = total.resets
  end
  local open = commit and fit and reservation > 0 and held[reservation]
  if open and tonumber(string.match(open, '^%S+')) > now then
    for place = #answer, word + 1, -1 do answer[place] = nil end
    answer[word] = 'reserved'
  elseif commit and fit then
    answer[word] = 'spent'
    if reservation > 0 then
      held[reservation], changed[reservation], expiries[reservation] = charged_when(reserved, totals, now), true, reserved_for
    end
    for index, total in ipairs(totals) do
      local place, key = first + 7 * (index - 1), total.key
      if ARGV[place + 1] == 'sliding' then
        spend_sliding(key, total, ARGV[place + 4], ARGV[place + 6])
      elseif total.open then
        total.open.used = plus(total.open.used, total.amount)
        changed[key] = true
      elseif reservation > 0 or total.amount[1] > 0 or total.amount[2] > 0 then
        -- A charge of nothing opens no window, but a reservation of nothing may be settled with something.
        local to = ARGV[place + 5]
        local from = ARGV[place + 4]
        opens[key] = { from = from, since = tonumber(from), to = to, till = tonumber(to), used = total.amount }
        changed[key], expiries[key] = true, ARGV[place + 6]
      end
    end
  end
end
for key = 2, #KEYS do
  local state = ''
  if changed[key] then
    if opens[key] then
      state = open_text(opens[key])
      held[key] = state
    elseif steps_changed[key] then
      local told = {}
      for place, step in ipairs(steps_changed[key]) do told[place] = step_text(step) end
      state = table.concat(told, ' ')
    end
    if expiries[key] then
      redis.call('SET', KEYS[key], held[key], 'PX', expiries[key])
    else
      redis.call('SET', KEYS[key], held[key], 'KEEPTTL')
    end
  end
  answer[#answer + 1] = state
end
return answer
