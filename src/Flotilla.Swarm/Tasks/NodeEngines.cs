using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client.Streams;
using Flotilla.Docker;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Flotilla.Swarm.Tasks;

/// <summary>What is asked of another node's engine.</summary>
/// <param name="Target">Path and query.</param>
internal sealed record NodeRequest(string Node, string Method, string Target, byte[] Body);

/// <summary>The Docker APIs of other nodes: a connection for each request, through whatever leads to the node.</summary>
internal sealed class NodeEngines(NodeDocker connectAsync)
{
    private const string Protocol = "tcp";

    /// <summary>Passes the answer on as it comes, with the connection itself where the client asked for it.</summary>
    public async Task<DockerAnswer> AnswerAsync(NodeRequest asked, HttpContext context, CancellationToken cancellationToken)
    {
        var upgrade = context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } asks && context.Request.Headers.Upgrade == Protocol ? asks : null;
        var exchange = await ExchangeAsync(asked, upgrade is not null, cancellationToken);
        return new DockerAnswer(upgrade is not null && exchange.Answer.StatusCode == HttpStatusCode.SwitchingProtocols ? StatusCodes.Status200OK : (int)exchange.Answer.StatusCode, null, async (response, token) =>
        {
            await using (exchange)
            {
                response.ContentType = exchange.Answer.Content.Headers.ContentType?.ToString();
                if (upgrade is not null && exchange.Answer.StatusCode == HttpStatusCode.SwitchingProtocols)
                {
                    response.ContentType ??= exchange.Answer.Headers.TryGetValues("Content-Type", out var said) ? said.First() : null;
                    response.Headers.Upgrade = Protocol;
                    await exchange.JoinAsync(await upgrade.UpgradeAsync(), token);
                    return;
                }

                await exchange.CopyAsync(response, token);
            }
        });
    }

    /// <summary>A short answer as a whole.</summary>
    public async Task<(int Code, JsonNode? Body)> ReadAsync(NodeRequest asked, CancellationToken cancellationToken)
    {
        await using var exchange = await ExchangeAsync(asked, upgrades: false, cancellationToken);
        var text = await exchange.Answer.Content.ReadAsByteArrayAsync(cancellationToken);
        return ((int)exchange.Answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    private async Task<NodeExchange> ExchangeAsync(NodeRequest asked, bool upgrades, CancellationToken cancellationToken)
    {
        try
        {
            return await NodeExchange.BeginAsync(await connectAsync(asked.Node, cancellationToken), asked, upgrades, cancellationToken);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or ApiException or JsonException or System.Net.WebSockets.WebSocketException)
        {
            throw new DockerException(500, $"node {asked.Node}, where this container runs, does not answer: {failure.InnerException?.Message ?? failure.Message}");
        }
    }

    /// <summary>One request on a connection of its own.</summary>
    private sealed class NodeExchange(HalfClosingSocket connection, HttpMessageInvoker http, HttpResponseMessage answer) : IAsyncDisposable
    {
        public HttpResponseMessage Answer => answer;

        public static async Task<NodeExchange> BeginAsync(HalfClosingSocket connection, NodeRequest asked, bool upgrades, CancellationToken cancellationToken)
        {
            var http = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(connection) });
            try
            {
                using var request = new HttpRequestMessage(new HttpMethod(asked.Method), new Uri("http://docker" + asked.Target));
                if (asked.Body.Length > 0)
                {
                    request.Content = new ByteArrayContent(asked.Body);
                    request.Content.Headers.ContentType = new(DockerAnswer.JsonType);
                }

                request.Headers.Connection.Add(upgrades ? "Upgrade" : "close");
                if (upgrades)
                {
                    request.Headers.Upgrade.ParseAdd(Protocol);
                }

                return new NodeExchange(connection, http, await http.SendAsync(request, cancellationToken));
            }
            catch
            {
                http.Dispose();
                await connection.DisposeAsync();
                throw;
            }
        }

        /// <summary>Until the other side ends; when this one does, that is told.</summary>
        public async Task JoinAsync(Stream client, CancellationToken cancellationToken)
        {
            await using var remote = await answer.Content.ReadAsStreamAsync(cancellationToken);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var typing = TypeAsync(client, remote, ending.Token);
            try
            {
                for (var buffer = new byte[1 << 15]; await remote.ReadAsync(buffer, cancellationToken) is > 0 and var count;)
                {
                    await client.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                    await client.FlushAsync(cancellationToken);
                }
            }
            catch (IOException)
            {
                // One of them has gone.
            }

            await ending.CancelAsync();
            await typing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        public async Task CopyAsync(HttpResponse response, CancellationToken cancellationToken)
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
            for (var buffer = new byte[1 << 15]; await body.ReadAsync(buffer, cancellationToken) is > 0 and var count;)
            {
                await response.Body.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                await response.Body.FlushAsync(cancellationToken);
            }
        }

        public async ValueTask DisposeAsync()
        {
            answer.Dispose();
            http.Dispose();
            await connection.DisposeAsync();
        }

        private async Task TypeAsync(Stream client, Stream remote, CancellationToken cancellationToken)
        {
            for (var buffer = new byte[1 << 15]; await client.ReadAsync(buffer, cancellationToken) is > 0 and var count;)
            {
                await remote.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                await remote.FlushAsync(cancellationToken);
            }

            await connection.EndAsync(cancellationToken);
        }
    }
}
