using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Swarm.Swarms;

namespace Flotilla.Swarm.Members;

/// <summary>What a locked manager answers about the swarm: that it is to be unlocked.</summary>
internal sealed class LockedRoutes(LockedMember member, SwarmUnlock unlockAsync)
{
    private const string AlreadyIn = "This node is already part of a swarm. Use \"docker swarm leave\" to leave this swarm and join another one.";
    private const string LeaveLocked = "Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore this message.";

    // What is stored of the swarm cannot be found among the rest while it is locked.
    private const string ForceLocked = "Swarm is encrypted and locked. Please unlock it first, or erase the whole cluster of this machine with 'flotilla down --purge'.";

    private static readonly string[] Paths = ["/nodes", "/services", "/tasks", "/secrets", "/configs", "/swarm/unlockkey", "/swarm/update"];

    public IEnumerable<Route> All =>
    [
        .. Paths.SelectMany(path => new[] { new Route("GET", path, RefuseAsync), new("GET", path + "/{rest*}", RefuseAsync), new("POST", path, RefuseAsync), new("POST", path + "/{rest*}", RefuseAsync), new("DELETE", path + "/{rest*}", RefuseAsync) }),
        new("GET", "/swarm", RefuseAsync),
        new("POST", "/swarm/init", (_, _) => throw new DockerException(503, AlreadyIn)),
        new("POST", "/swarm/join", (_, _) => throw new DockerException(503, AlreadyIn)),
        new("POST", "/swarm/leave", (request, _) => throw new DockerException(503, request.Flag("force") ? ForceLocked : LeaveLocked)),
        new("POST", "/swarm/unlock", UnlockAsync),
    ];

    private Task<DockerAnswer> RefuseAsync(DockerRequest request, CancellationToken cancellationToken) => throw new DockerException(503, member.Reason);

    private async Task<DockerAnswer> UnlockAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        await unlockAsync(UnlockKey.Parse(body.String("UnlockKey") ?? "") ?? throw DockerException.BadRequest("invalid key string"), cancellationToken);
        return DockerAnswer.Ok();
    }
}
