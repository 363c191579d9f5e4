using System.Text;
using Flotilla.Client.Streams;
using Flotilla.Server.Authorization.Nodes;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Flotilla.Server.Nodes;

/// <summary>The server's side of <see cref="TunnelPaths"/>: only a node's own agent opens the tunnel of that node.</summary>
public sealed class TunnelRequests
{
    private const string UserPrefix = "system:node:";
    private readonly NodeTunnels tunnels;
    private readonly ServerStatus status;

    internal TunnelRequests(NodeTunnels tunnels, ServerStatus status)
    {
        this.tunnels = tunnels;
        this.status = status;
    }

    /// <summary>False: not such a request.</summary>
    public async Task<bool> TryHandleAsync(HttpContext context, RequestUser user)
    {
        var path = context.Request.Path.Value ?? "";
        if (!path.StartsWith(TunnelPaths.Control, StringComparison.Ordinal))
        {
            return false;
        }

        if (!user.Groups.Contains(NodeAuthorizer.NodesGroup) || !user.Name.StartsWith(UserPrefix, StringComparison.Ordinal))
        {
            throw Failures.Forbidden($"user \"{user.Name}\" is not a node: only a node's agent opens its tunnel");
        }

        var node = user.Name[UserPrefix.Length..];
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        var number = path[TunnelPaths.Control.Length..].TrimStart('/');
        await (number.Length == 0 ? ControlAsync(context, node) : CarryAsync(context, node, number));
        return true;
    }

    private async Task ControlAsync(HttpContext context, string node)
    {
        var tunnel = tunnels.Open(node);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, status.Stopping, tunnel.Closed);
        try
        {
            await context.Response.StartAsync(ending.Token);
            await context.Response.Body.FlushAsync(ending.Token);
            await foreach (var number in tunnel.Wanted.ReadAllAsync(ending.Token))
            {
                await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(number + "\n"), ending.Token);
                await context.Response.Body.FlushAsync(ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The node is gone, has opened another, or this server stops.
        }
        finally
        {
            tunnels.Close(node, tunnel);
        }
    }

    private async Task CarryAsync(HttpContext context, string node, string number)
    {
        if (tunnels.Waiting(node, number) is not { } tunnel)
        {
            throw Failures.Unavailable("nobody waits for this connection any more");
        }

        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        if (!await tunnel.CarryAsync(number, context.Request.Body, context.Response.Body, context.RequestAborted))
        {
            context.Abort();
        }
    }
}
