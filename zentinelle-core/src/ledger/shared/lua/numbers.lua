-- Exact unsigned 64-bit numbers, which Lua's doubles cannot hold: two halves of ten decimal
-- digits. Sums stop at the largest, differences at zero.
local BASE, MOST_HIGH, MOST_LOW = 10000000000, 1844674407, 3709551615
local function number(text)
  local digits = #text
  if digits <= 10 then return { 0, tonumber(text) } end
  return { tonumber(string.sub(text, 1, digits - 10)), tonumber(string.sub(text, digits - 9)) }
end
local function exceeds(a, b) return a[1] > b[1] or (a[1] == b[1] and a[2] > b[2]) end
local MOST = { MOST_HIGH, MOST_LOW }
local function plus(a, b)
  local high, low = a[1] + b[1], a[2] + b[2]
  if low >= BASE then high, low = high + 1, low - BASE end
  local sum = { high, low }
  if exceeds(sum, MOST) then return MOST end
  return sum
end
local function minus(a, b)
  if exceeds(b, a) then return { 0, 0 } end
  local high, low = a[1] - b[1], a[2] - b[2]
  if low < 0 then high, low = high - 1, low + BASE end
  return { high, low }
end
local function text(a)
  if a[1] == 0 then return string.format('%.0f', a[2]) end
  return string.format('%.0f%010.0f', a[1], a[2])
end

-- A total in an open window is `start end used`.
local function open_of(held)
  if not held then return nil end
  local from, to, used = string.match(held, '^(%S+) (%S+) (%S+)$')
  if not from then return nil end
  return { from = from, to = to, used = number(used) }
end
local function open_text(total) return total.from .. ' ' .. total.to .. ' ' .. text(total.used) end

-- One in a sliding window is `sum last amount;step=amount ...`: the sum of all steps, the last
-- step, and those before it. Told of without its sum, it is `step=amount ...` alone.
local function steps_of(held)
  local steps = {}
  if not held then return steps end
  for step, amount in string.gmatch(held, '(%-?%d+)=(%d+)') do
    steps[#steps + 1] = { step = tonumber(step), name = step, amount = number(amount) }
  end
  local last, amount = string.match(held, '^%d+ (%-?%d+) (%d+);')
  if last then steps[#steps + 1] = { step = tonumber(last), name = last, amount = number(amount) } end
  return steps
end
local function step_text(step) return step.name .. '=' .. text(step.amount) end
local function steps_text(steps)
  local sum, parts, last = { 0, 0 }, {}, steps[#steps]
  for place, step in ipairs(steps) do
    sum = plus(sum, step.amount)
    if place < #steps then parts[place] = step_text(step) end
  end
  return text(sum) .. ' ' .. last.name .. ' ' .. text(last.amount) .. ';' .. table.concat(parts, ' ')
end
