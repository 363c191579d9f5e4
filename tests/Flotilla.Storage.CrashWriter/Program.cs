using System.Globalization;
using System.Security.Cryptography;
using Flotilla.Storage;

// Writes to a store from many sides until it is killed. Each line of its output is a write that was acknowledged:
// "revision key checksum", the checksum being "-" for a deletion. A value ends with the checksum of what precedes it.
var store = SqliteStore.Open(
    args[0],
    new StorageOptions { KeepHistory = TimeSpan.FromMilliseconds(20), CompactEvery = TimeSpan.FromMilliseconds(10), CompactionStep = 20 },
    TimeProvider.System);
var seed = int.Parse(args[1], CultureInfo.InvariantCulture);
await using var output = Console.OpenStandardOutput();
var printing = new Lock();
await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(() => WriteForeverAsync(new Random(seed + writer)))));

async Task WriteForeverAsync(Random random)
{
    while (true)
    {
        var key = $"/keys/{random.Next(40)}";
        var value = random.Next(5) == 0 ? null : NewValue(random);
        var request = value is null ? WriteRequest.Delete(key, Precondition.Any) : new WriteRequest(key, value, Precondition.Any);
        var result = await store.WriteAsync(request, CancellationToken.None);
        if (result.Outcome == WriteOutcome.Written)
        {
            var checksum = value is null ? "-" : Convert.ToHexString(value.AsSpan(value.Length - 32));
            var line = System.Text.Encoding.ASCII.GetBytes($"{result.Revision} {key} {checksum}\n");
            lock (printing)
            {
                output.Write(line);
                output.Flush();
            }
        }
    }
}

static byte[] NewValue(Random random)
{
    var value = new byte[random.Next(6000) + 32];
    random.NextBytes(value);
    SHA256.HashData(value.AsSpan(0, value.Length - 32), value.AsSpan(value.Length - 32));
    return value;
}
