-- Replaces the amounts of a reservation by the true ones, in the windows they were charged to.
-- KEYS: the epoch, the reservation. Its totals lie in the same slot, by their common tag.
-- ARGV: the epoch expected, now, settle | release, then what was used in truth, each or none:
-- tokens, usd_micros, bytes.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 'cold' } end
local now, release = tonumber(ARGV[2]), ARGV[3] == 'release'
local truth = { tokens = ARGV[4], usd_micros = ARGV[5], bytes = ARGV[6], calls = '' }
local kept = redis.call('GET', KEYS[2])
if not kept then return { 'missing' } end
redis.call('DEL', KEYS[2])
local expires, charged, lines = string.match(kept, '^(%S+) (%S+) (.*)$')
if tonumber(expires) <= now then return { 'missing' } end
-- One instant for all totals, or one for each.
local instants = {}
for instant in string.gmatch(charged, '[^,]+') do instants[#instants + 1] = tonumber(instant) end
local answer = { 'settled' }
for place, line in ipairs(cjson.decode(lines)) do
  local key, window, unit, reserved, charged_step = line[1], line[2], line[3], number(line[4]), line[5]
  local actual = release and '0' or truth[unit]
  if actual ~= '' then
    actual = number(actual)
    if exceeds(actual, reserved) then answer[1] = 'overran' end
    local function replace(used) return plus(minus(used, reserved), actual) end
    local held, state = redis.call('GET', key), ''
    if charged_step ~= '' then
      local steps = steps_of(held)
      for _, step in ipairs(steps) do
        if step.step >= tonumber(charged_step) then
          step.amount = replace(step.amount)
          redis.call('SET', key, steps_text(steps), 'KEEPTTL')
          state = step_text(step)
          break
        end
      end
    else
      local open = open_of(held)
      if open and now < tonumber(open.to) and tonumber(open.from) <= (instants[place] or instants[1]) then
        open.used = replace(open.used)
        state = open_text(open)
        redis.call('SET', key, state, 'KEEPTTL')
      end
    end
    if state ~= '' then
      answer[#answer + 1] = key
      answer[#answer + 1] = window
      answer[#answer + 1] = state
    end
  end
end
return answer
