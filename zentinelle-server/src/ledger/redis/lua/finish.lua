-- Begins a new epoch, if the lock is still held and nothing was lost again meanwhile.
-- KEYS: the lock, the set of those that pushed, the epoch. ARGV: the lock's token, the server's id, the epoch.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 0 then return 0 end
redis.call('SET', KEYS[3], ARGV[3])
redis.call('DEL', KEYS[1], KEYS[2])
return 1
