-- Raises totals to what a server has seen of them, never lowers one.
-- KEYS: the totals. ARGV: now, then three for each: open | sliding, the state seen, the expiry in ms.
local now = tonumber(ARGV[1])
for place, key in ipairs(KEYS) do
  local at = 3 * place - 1
  local kind, seen, expiry = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local held = redis.call('GET', key)
  if kind == 'open' then
    local open, ours = open_of(held), open_of(seen)
    if not open or now >= tonumber(open.to) then
      redis.call('SET', key, seen, 'PX', expiry)
    elseif open.from == ours.from then
      if exceeds(ours.used, open.used) then
        redis.call('SET', key, seen, 'KEEPTTL')
      end
    elseif tonumber(ours.from) < tonumber(open.from) then
      -- What is held began after the loss: both count, in the window that runs since longer.
      ours.used = plus(ours.used, open.used)
      redis.call('SET', key, open_text(ours), 'PX', expiry)
    else
      open.used = plus(ours.used, open.used)
      redis.call('SET', key, open_text(open), 'KEEPTTL')
    end
  else
    local steps = steps_of(held)
    local place_of = {}
    for index, step in ipairs(steps) do place_of[step.name] = index end
    for _, step in ipairs(steps_of(seen)) do
      local index = place_of[step.name]
      if not index then
        steps[#steps + 1] = step
      elseif exceeds(step.amount, steps[index].amount) then
        steps[index].amount = step.amount
      end
    end
    table.sort(steps, function(a, b) return a.step < b.step end)
    redis.call('SET', key, steps_text(steps), 'PX', expiry)
  end
end
return #KEYS
