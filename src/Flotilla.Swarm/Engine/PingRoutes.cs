using Flotilla.Swarm.Members;
using Flotilla.Docker;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Swarm.Engine;

/// <summary>What a client asks first, to learn which version to speak.</summary>
internal sealed class PingRoutes(IMember member)
{
    public IEnumerable<Route> All => [new("HEAD", "/_ping", PingAsync), new("GET", "/_ping", PingAsync)];

    private Task<DockerAnswer> PingAsync(DockerRequest request, CancellationToken cancellationToken) => Task.FromResult(DockerAnswer.Stream(async (response, token) =>
    {
        response.Headers["Swarm"] = member.State;
        response.Headers["Builder-Version"] = "";
        response.Headers.CacheControl = "no-cache, no-store, must-revalidate";
        response.Headers.Pragma = "no-cache";
        response.ContentType = "text/plain; charset=utf-8";
        response.ContentLength = 2;
        if (!HttpMethods.IsHead(request.Context.Request.Method))
        {
            await response.WriteAsync("OK", token);
        }
    }));
}
