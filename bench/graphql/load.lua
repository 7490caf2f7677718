-- What wrk sends, and a look at what comes back. Arguments: the file of requests, the first counter, the least and the
-- most octets of an answer, the milliseconds of the run are wrk's own.
--
-- An answer of another size, or with an entry in its `errors`, is wrong whatever its status.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local requests = dofile(args[1])
  before, after = requests.before, requests.after
  counter, least, most = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  count, place, wrong, sample = #before, 0, 0, ""
end

function request()
  place = place % count + 1
  if after == "" then return before[place] end
  counter = counter + 1
  return before[place] .. string.format("%08d", counter) .. after
end

function response(status, headers, body)
  local size = #body
  if status == 200 and size >= least and size <= most
    and not string.find(string.sub(body, 1, 48), '"errors"%s*:%s*%[%s*{')
    and not string.find(string.sub(body, -400), '"errors"%s*:%s*%[%s*{') then return end
  wrong = wrong + 1
  if sample == "" then sample = status .. " " .. string.sub(body, 1, 300) end
end

function done(summary, latency, requests)
  local wrong, sample = 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("wrong")
    sample = sample .. thread:get("sample")
  end
  local failed = summary.errors
  io.write(string.format("\nFIGURES %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), wrong,
    failed.connect + failed.read + failed.write + failed.timeout))
  io.write("SAMPLE " .. string.gsub(sample, "%s+", " ") .. "\n")
end
