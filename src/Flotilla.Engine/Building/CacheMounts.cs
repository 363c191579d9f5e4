using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Volumes;

namespace Flotilla.Engine.Building;

/// <summary>
/// The files that commands of builds keep for the next ones (<c>RUN --mount=type=cache</c>): a directory for each id, and below it numbered ones, of which
/// only private sharing has more than the first. They survive a restart, and <c>docker builder prune</c> takes away those that no build uses.
/// </summary>
internal sealed class CacheMounts(string root)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Users> inUse = new(StringComparer.Ordinal);

    /// <param name="fillAsync">Gives a new one its first files.</param>
    /// <exception cref="TimeoutException">Another build has kept a locked one for too long.</exception>
    public async Task<CacheMount> TakeAsync(string id, CacheSharing sharing, Func<string, Task> fillAsync, CancellationToken cancellationToken)
    {
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..32];
        var users = Enter(key);
        var number = 0;
        try
        {
            if (sharing == CacheSharing.Locked && !await users.Lock.WaitAsync(LongestWait, cancellationToken))
            {
                throw new TimeoutException($"the cache {id}, which is locked by another build, was not released within {LongestWait.TotalMinutes:0} minutes");
            }
        }
        catch
        {
            Leave(key, users);
            throw;
        }

        number = sharing == CacheSharing.Private ? users.TakeNumber(gate) : 0;
        var taken = new CacheMount(Path.Combine(root, key, number.ToString(CultureInfo.InvariantCulture)), Release);
        try
        {
            await users.Filling.WaitAsync(cancellationToken);
            try
            {
                await FillAsync(taken.Directory, fillAsync);
            }
            finally
            {
                users.Filling.Release();
            }

            return taken;
        }
        catch
        {
            taken.Dispose();
            throw;
        }

        void Release()
        {
            if (sharing == CacheSharing.Locked)
            {
                users.Lock.Release();
            }
            else if (sharing == CacheSharing.Private)
            {
                users.GiveBack(gate, number);
            }

            Leave(key, users);
        }
    }

    /// <returns>The ids' digests of those that are gone, and their bytes.</returns>
    public (IReadOnlyList<string> Keys, long Bytes) Prune()
    {
        List<string> keys = [];
        var bytes = 0L;
        foreach (var directory in Directory.Exists(root) ? Directory.GetDirectories(root) : [])
        {
            var gone = directory + "." + Ids.New()[..8];
            lock (gate)
            {
                if (inUse.ContainsKey(Path.GetFileName(directory)))
                {
                    continue;
                }

                Directory.Move(directory, gone);
            }

            bytes += DiskUse.Of(gone);
            Directory.Delete(gone, recursive: true);
            keys.Add(Path.GetFileName(directory));
        }

        return (keys, bytes);
    }

    // A name says that it is complete: one that was begun and not ended has another.
    private static async Task FillAsync(string directory, Func<string, Task> fillAsync)
    {
        if (Directory.Exists(directory))
        {
            return;
        }

        var begun = directory + ".new";
        if (Directory.Exists(begun))
        {
            Directory.Delete(begun, recursive: true);
        }

        Directory.CreateDirectory(begun);
        await fillAsync(begun);
        Directory.Move(begun, directory);
    }

    private Users Enter(string key)
    {
        lock (gate)
        {
            if (!inUse.TryGetValue(key, out var users))
            {
                inUse[key] = users = new Users();
            }

            users.Count++;
            return users;
        }
    }

    private void Leave(string key, Users users)
    {
        lock (gate)
        {
            if (--users.Count == 0)
            {
                inUse.Remove(key);
                users.Dispose();
            }
        }
    }

    private sealed class Users : IDisposable
    {
        private readonly HashSet<int> numbers = [];

        public int Count { get; set; }

        public SemaphoreSlim Lock { get; } = new(1);

        public SemaphoreSlim Filling { get; } = new(1);

        public int TakeNumber(Lock gate)
        {
            lock (gate)
            {
                var number = 0;
                while (!numbers.Add(number))
                {
                    number++;
                }

                return number;
            }
        }

        public void GiveBack(Lock gate, int number)
        {
            lock (gate)
            {
                numbers.Remove(number);
            }
        }

        public void Dispose()
        {
            Lock.Dispose();
            Filling.Dispose();
        }
    }
}

/// <summary>A cache as long as a command uses it.</summary>
internal sealed class CacheMount(string directory, Action release) : IDisposable
{
    private Action? release = release;

    public string Directory => directory;

    public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke();
}
