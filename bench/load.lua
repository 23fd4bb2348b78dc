-- What the connections of bench/load.mjs send: by key, finds, inserts, updates, a stream, and requests that are refused.
local users = 1000
local threads = {}
local number = 0

function setup(thread)
  number = number + 1
  thread:set("number", number)
  table.insert(threads, thread)
end

function init()
  math.randomseed(number)
  statuses = {}
  count = 0
end

local function statement(sql, parameters)
  local body = string.format('{"query":"%s","parameters":[%s]}', sql, parameters)
  return wrk.format("POST", "/databases/load/query", { ["Content-Type"] = "application/json" }, body)
end

function request()
  count = count + 1
  local id = math.random(users)
  local kind = count % 20
  if kind == 0 then return statement("INSERT INTO notes (user_id, text) VALUES ($1, $2)", id .. ',"a note"') end
  if kind == 1 then return statement("UPDATE users SET age = age + 1 WHERE id = $1", id) end
  if kind == 2 then return statement("SELECT nothing FROM users WHERE id = $1", id) end
  if kind == 3 then return wrk.format("GET", "/databases/none/tables") end
  if kind == 4 then return wrk.format("GET", "/databases/load/tables/users?condition=age%3E90&limit=20") end
  if kind == 5 then return wrk.format("POST", "/databases/load/stream", {}, '{"query":"SELECT * FROM users"}') end
  return statement("SELECT * FROM users WHERE id = $1", id)
end

function response(status)
  statuses[status] = (statuses[status] or 0) + 1
end

function done(summary, latency)
  local all = {}
  for _, thread in ipairs(threads) do
    for status, answers in pairs(thread:get("statuses")) do
      all[status] = (all[status] or 0) + answers
    end
  end
  local counted = {}
  for status, answers in pairs(all) do
    table.insert(counted, string.format('"%d":%d', status, answers))
  end
  local errors = summary.errors
  print(string.format(
    'RESULT {"statuses":{%s},"connect":%d,"read":%d,"write":%d,"timeout":%d,"p50":%d,"p99":%d,"max":%d,"seconds":%.1f}',
    table.concat(counted, ","), errors.connect, errors.read, errors.write, errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max, summary.duration / 1e6
  ))
end
