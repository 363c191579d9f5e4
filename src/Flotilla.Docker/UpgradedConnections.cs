using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Flotilla.Docker;

/// <summary>
/// Takes connections over whose first request asks for <c>Upgrade: tcp</c>: attach and exec. Kestrel upgrades no request that
/// has a body, as exec's has, and ends both directions when a client ends one, as docker does that has nothing to type.
/// </summary>
internal static class UpgradedConnections
{
    private const int LongestHead = 64 << 10;
    private const int LongestBody = 1 << 20;

    /// <param name="serve">Answers a request like any other one.</param>
    public static async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next, RequestDelegate serve, CancellationToken ended)
    {
        var input = connection.Transport.Input;
        if (await PeekAsync(input, ended) is not { } head || !head.AsksForUpgrade)
        {
            await next(connection);
            return;
        }

        var body = await BodyAsync(input, head, ended);
        var upgrade = new Upgrade(connection.Transport);
        var context = head.Context(body);
        upgrade.Response = context.Response;
        context.Features.Set<IHttpUpgradeFeature>(upgrade);
        await serve(context);
        if (!upgrade.IsDone)
        {
            await RefuseAsync(connection.Transport.Output, context.Response, ended);
        }

        await connection.Transport.Output.CompleteAsync();
    }

    // Nothing is taken: whoever comes next reads it again.
    private static async Task<RequestHead?> PeekAsync(PipeReader input, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            var text = Encoding.Latin1.GetString(buffer.Length > LongestHead ? buffer.Slice(0, LongestHead) : buffer);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 || read.IsCompleted || buffer.Length > LongestHead)
            {
                input.AdvanceTo(buffer.Start);
                return end < 0 ? null : RequestHead.Parse(text[..end]);
            }

            input.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static async Task<byte[]> BodyAsync(PipeReader input, RequestHead head, CancellationToken cancellationToken)
    {
        var wanted = head.Length + (int)Math.Min(head.ContentLength, LongestBody);
        var read = await input.ReadAtLeastAsync(wanted, cancellationToken);
        var taken = read.Buffer.Slice(0, Math.Min(wanted, read.Buffer.Length));
        var body = taken.Slice(Math.Min(head.Length, taken.Length)).ToArray();
        input.AdvanceTo(taken.End);
        return body;
    }

    private static async Task RefuseAsync(PipeWriter output, HttpResponse response, CancellationToken cancellationToken)
    {
        var body = ((MemoryStream)response.Body).ToArray();
        response.ContentLength = body.Length;
        response.Headers.Connection = "close";
        var head = HeadOf(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {response.StatusCode} {Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(response.StatusCode)}"), response.Headers);
        await output.WriteAsync((byte[])[.. head, .. body], cancellationToken);
    }

    private static byte[] HeadOf(string status, IHeaderDictionary headers)
    {
        var text = new StringBuilder(status).Append("\r\n");
        foreach (var (name, value) in headers)
        {
            text.Append(name).Append(": ").Append(value.ToString()).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
    }

    private sealed class Upgrade(IDuplexPipe transport) : IHttpUpgradeFeature
    {
        public HttpResponse Response { get; set; } = null!;

        public bool IsDone { get; private set; }

        public bool IsUpgradableRequest => !IsDone;

        public async Task<Stream> UpgradeAsync()
        {
            IsDone = true;
            Response.Headers.Connection = "Upgrade";
            await transport.Output.WriteAsync(HeadOf("HTTP/1.1 101 UPGRADED", Response.Headers), CancellationToken.None);
            return new DuplexStream(transport.Input.AsStream(leaveOpen: true), transport.Output.AsStream(leaveOpen: true));
        }
    }
}
