-- Notes that a server has pushed what it knew, unless Redis lost that again meanwhile.
-- KEYS: the server's mark, the set of those that pushed. ARGV: the mark it set, its id.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('PEXPIRE', KEYS[2], 60000)
return 1
