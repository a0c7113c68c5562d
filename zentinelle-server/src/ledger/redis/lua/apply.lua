-- Adds every amount of a batch, or none when one does not fit; or only looks.
-- KEYS: the epoch, the reservation, then the totals.
-- ARGV: the epoch expected, commit | peek, now, the reservation's text or none, its expiry in ms;
-- then six for each total: open | sliding, the amount, the limit or none, two instants (where a
-- window that opens now starts and ends) or two steps (the current, the oldest that counts), and
-- the expiry in ms.
local held = redis.call('MGET', unpack(KEYS))
if held[1] ~= ARGV[1] then return { 'cold' } end
local commit, now, reservation = ARGV[2] == 'commit', tonumber(ARGV[3]), ARGV[4]
local totals, fit = {}, true
local answer = { 'seen' }
for place = 1, #KEYS - 2 do
  local at = 6 * place
  local kind, amount, limit, a, b = ARGV[at], number(ARGV[at + 1]), ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local total = { kind = kind, amount = amount }
  local used, resets = { 0, 0 }, ''
  if kind == 'open' then
    local open = open_of(held[2 + place])
    if open and now < tonumber(open.to) then
      total.open, used, resets = open, open.used, open.to
    end
  else
    local text_held, oldest = held[2 + place] or '', tonumber(b)
    local sum, last, last_amount, tail, first = string.match(text_held, '^(%d+) (%-?%d+) (%d+);()(%-?%d*)')
    if first == '' then first = last end
    if sum and tonumber(first) >= oldest then
      -- Every step counts still, as nearly always: the sum stands, and the steps need not be read.
      total.last = { step = tonumber(last), name = last, amount = number(last_amount) }
      total.tail = string.sub(text_held, tail)
      used, resets = number(sum), first
    else
      local steps = {}
      for _, step in ipairs(steps_of(text_held)) do
        if step.step >= oldest then
          if resets == '' then resets = step.name end
          used = plus(used, step.amount)
          steps[#steps + 1] = step
        end
      end
      total.steps = steps
    end
    total.used = used
  end
  if limit ~= '' and exceeds(plus(used, amount), number(limit)) then fit = false end
  totals[place] = total
  answer[#answer + 1] = text(used)
  answer[#answer + 1] = resets
end
if not commit or not fit then return answer end
if reservation ~= '' then
  local open = held[2]
  if open and tonumber(string.match(open, '^%S+')) > now then return { 'reserved' } end
  redis.call('SET', KEYS[2], reservation, 'PX', ARGV[5])
end
answer[1] = 'spent'
for place, total in ipairs(totals) do
  local at = 6 * place
  local key, a, expiry, state = KEYS[2 + place], ARGV[at + 3], ARGV[at + 5], ''
  if total.kind == 'sliding' then
    local steps, last = total.steps, total.last
    if steps then last = steps[#steps] end
    -- A clock that went back adds to the newest step: never to a forgotten one.
    local joins = last and last.step >= tonumber(a)
    local newest = joins and last or { step = tonumber(a), name = a, amount = { 0, 0 } }
    local before = not joins and last
    newest.amount = plus(newest.amount, total.amount)
    state = step_text(newest)
    local stored
    if steps then
      if not joins then steps[#steps + 1] = newest end
      stored = steps_text(steps)
    else
      local tail = total.tail
      if before then tail = tail .. (tail == '' and '' or ' ') .. step_text(before) end
      local sum = text(plus(total.used, total.amount))
      stored = sum .. ' ' .. newest.name .. ' ' .. text(newest.amount) .. ';' .. tail
    end
    redis.call('SET', key, stored, 'PX', expiry)
  elseif total.open then
    total.open.used = plus(total.open.used, total.amount)
    state = open_text(total.open)
    redis.call('SET', key, state, 'KEEPTTL')
  elseif reservation ~= '' or total.amount[1] > 0 or total.amount[2] > 0 then
    -- A charge of nothing opens no window, but a reservation of nothing may be settled with something.
    state = open_text({ from = a, to = ARGV[at + 4], used = total.amount })
    redis.call('SET', key, state, 'PX', expiry)
  end
  answer[#answer + 1] = state
end
return answer
