using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flotilla.Client.Streams;

namespace Flotilla.Client.Joining;

/// <summary>
/// The API servers of a cluster as a machine knows them: those it was told of and those it has learned since, which a file
/// keeps. Connections go to the last one that answered, else to the next. May be used from any thread.
/// </summary>
public sealed class ServerList
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(300);

    private readonly Lock gate = new();
    private readonly string file;
    private readonly ImmutableArray<DnsEndPoint> told;
    private ImmutableArray<DnsEndPoint> learned;
    private DnsEndPoint? preferred;
    private DnsEndPoint? doubted;

    /// <param name="told">Never forgotten; may be empty when the file has some.</param>
    /// <param name="file">One <c>host:port</c> a line; made when there is something to keep.</param>
    public ServerList(IEnumerable<DnsEndPoint> told, string file)
    {
        this.told = [.. told];
        this.file = file;
        learned = File.Exists(file) ? [.. File.ReadAllLines(file).Select(Parse).OfType<DnsEndPoint>()] : [];
    }

    public IReadOnlyList<DnsEndPoint> All
    {
        get
        {
            lock (gate)
            {
                return [.. told.Concat(learned).Distinct()];
            }
        }
    }

    /// <summary>Null: not of the form <c>host:port</c>.</summary>
    public static DnsEndPoint? Parse(string text) =>
        text.LastIndexOf(':') is > 0 and var colon && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? new DnsEndPoint(text[..colon].Trim('[', ']'), port)
            : null;

    /// <summary>The servers that there are now.</summary>
    public void Learn(IEnumerable<DnsEndPoint> servers)
    {
        ImmutableArray<DnsEndPoint> now = [.. servers.OrderBy(Text, StringComparer.Ordinal)];
        lock (gate)
        {
            if (now.IsEmpty || now.SequenceEqual(learned))
            {
                return;
            }

            learned = now;
            File.WriteAllLines(file + ".new", now.Select(Text));
            File.Move(file + ".new", file, overwrite: true);
        }
    }

    /// <summary>The first that answers: one that is silent for a moment is not waited for alone.</summary>
    /// <exception cref="HttpRequestException">None can be reached; the inner exception is of the last one tried.</exception>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = new Queue<DnsEndPoint>(InOrder());
        var trying = new Dictionary<Task<Stream>, DnsEndPoint>();
        Exception? last = null;
        while (waiting.Count + trying.Count > 0)
        {
            if (waiting.TryDequeue(out var next))
            {
                trying[ConnectAsync(next, ending.Token).AsTask()] = next;
            }

            var first = await Task.WhenAny([.. trying.Keys, .. waiting.Count > 0 ? (Task[])[Task.Delay(HeadStart, ending.Token)] : []]);
            if (first is not Task<Stream> attempt || !trying.Remove(attempt, out var server))
            {
                continue;
            }

            if (attempt.IsCompletedSuccessfully)
            {
                await ending.CancelAsync();
                Array.ForEach([.. trying.Keys], Drop);
                Prefer(server);
                return await attempt;
            }

            cancellationToken.ThrowIfCancellationRequested();
            last = attempt.Exception?.InnerException;
        }

        throw new HttpRequestException($"no server answers at {string.Join(", ", All.Select(Text))}", last);
    }

    /// <summary>The connection ends soon after the server's machine fell silent.</summary>
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint server, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SilentMachine.Notice(socket);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Patience);
        try
        {
            await socket.ConnectAsync(server.Host, server.Port, bounded.Token);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new TimeoutException($"{Text(server)} does not answer within {Patience.TotalSeconds:0} s");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Without the brackets that an address of IPv6 has in a URL.</summary>
    public static DnsEndPoint EndPointOf(Uri server) => new(server.DnsSafeHost, server.Port);

    public static string Text(DnsEndPoint server) =>
        string.Create(CultureInfo.InvariantCulture, $"{(server.Host.Contains(':', StringComparison.Ordinal) ? $"[{server.Host}]" : server.Host)}:{server.Port}");

    /// <summary>The one that answered last is not one to talk to: the others come first.</summary>
    public void Doubt()
    {
        lock (gate)
        {
            (doubted, preferred) = (preferred ?? doubted, null);
        }
    }

    private void Prefer(DnsEndPoint server)
    {
        lock (gate)
        {
            preferred = server;
        }
    }

    // It came too late.
    private static void Drop(Task<Stream> attempt) => _ = attempt.ContinueWith(
        late =>
        {
            if (late.IsCompletedSuccessfully)
            {
                late.Result.Dispose();
            }
        },
        TaskScheduler.Default);

    private IEnumerable<DnsEndPoint> InOrder()
    {
        lock (gate)
        {
            var others = All.Where(server => !server.Equals(preferred)).OrderBy(server => server.Equals(doubted));
            return preferred is null ? others.ToList() : [preferred, .. others];
        }
    }
}
