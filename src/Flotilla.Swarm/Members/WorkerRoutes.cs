using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Swarm.Definitions;
using k8s.Models;

namespace Flotilla.Swarm.Members;

/// <summary>What a worker answers about the swarm: that it is none of its business, and to leave it and join again.</summary>
internal sealed partial class WorkerRoutes(Worker worker, IObjectClient client)
{
    private const string NotManager =
        "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager.";
    private const string NotInSwarm =
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.";
    private const string AlreadyIn = "This node is already part of a swarm. Use \"docker swarm leave\" to leave this swarm and join another one.";

    private static readonly string[] Nouns = ["nodes", "services", "tasks", "secrets", "configs"];
    private static readonly TimeSpan JoinedWithin = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    public IEnumerable<Route> All =>
    [
        .. Nouns.SelectMany(noun => new[] { new Route("GET", $"/{noun}", RefuseAsync), new("GET", $"/{noun}/{{rest*}}", RefuseAsync), new("POST", $"/{noun}/{{rest*}}", RefuseAsync), new("DELETE", $"/{noun}/{{rest*}}", RefuseAsync) }),
        new("GET", "/swarm", RefuseAsync),
        new("GET", "/swarm/unlockkey", RefuseAsync),
        new("POST", "/swarm/update", RefuseAsync),
        new("POST", "/swarm/unlock", UnlockAsync),
        new("POST", "/swarm/init", InitAsync),
        new("POST", "/swarm/join", JoinAsync),
        new("POST", "/swarm/leave", LeaveAsync),
    ];

    private async Task<DockerAnswer> RefuseAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        await worker.KnowSelfAsync(cancellationToken);
        throw new DockerException(503, worker.Membership is null ? NotInSwarm : NotManager);
    }

    private async Task<DockerAnswer> UnlockAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        await worker.KnowSelfAsync(cancellationToken);
        throw worker.Membership is null ? new DockerException(503, NotInSwarm) : new DockerException(409, SwarmEndpoint.NotLocked);
    }

    private async Task<DockerAnswer> InitAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        await worker.KnowSelfAsync(cancellationToken);
        throw new DockerException(503, worker.Membership is null ? "This machine is a node of a cluster without a server: a swarm begins on one of its servers." : AlreadyIn);
    }

    private async Task<DockerAnswer> LeaveAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        await worker.KnowSelfAsync(cancellationToken);
        if (worker.Membership is null)
        {
            throw new DockerException(503, "This node is not part of a swarm");
        }

        await AnnotateAsync(new JsonObject { [SwarmApi.Left] = worker.Now.ToString("O") }, cancellationToken);
        await WaitAsync(() => worker.Membership is null, cancellationToken);
        return DockerAnswer.Ok();
    }

    private async Task<DockerAnswer> JoinAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        await worker.KnowSelfAsync(cancellationToken);
        if (worker.Membership is not null)
        {
            throw new DockerException(503, AlreadyIn);
        }

        var token = body.String("JoinToken") ?? "";
        if (TokenShape().Match(token) is not { Success: true } parts)
        {
            throw DockerException.BadRequest("invalid join token");
        }

        if (Membership.Of(worker.Self) is not { } swarm)
        {
            throw new DockerException(503, "The cluster of this node has no swarm: begin it with 'docker swarm init' on one of its servers.");
        }

        if (parts.Groups["digest"].Value != swarm.Digest)
        {
            throw new DockerException(500, $"remote CA does not match fingerprint. Expected: {parts.Groups["digest"].Value}");
        }

        var asked = await AnnotateAsync(new JsonObject { [SwarmApi.Join] = MembershipController.ProofOf(token), [SwarmApi.JoinRefused] = null }, cancellationToken);
        await WaitAsync(() => worker.Self is { } self && self.Version() >= asked.Version() && self.GetAnnotation(SwarmApi.Join) is null, cancellationToken);
        return worker.Membership is not null ? DockerAnswer.Ok() : throw new DockerException(500, worker.Self!.GetAnnotation(SwarmApi.JoinRefused)!);
    }

    private async Task<V1Node> AnnotateAsync(JsonObject annotations, CancellationToken cancellationToken)
    {
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } };
        return await client.PatchAsync<V1Node>(new ObjectKey(null, worker.Options.NodeName), new Patch(PatchKind.Merge, ObjectJson.Encode(patch)), null, cancellationToken);
    }

    private static async Task WaitAsync(Func<bool> isDone, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(JoinedWithin);
        while (!isDone())
        {
            try
            {
                await Task.Delay(LookAgain, patience.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new DockerException(503, "Timeout was reached before node joined. The attempt to join the swarm will continue in the background. Use the \"docker info\" command to see the current swarm status of your node.");
            }
        }
    }

    [GeneratedRegex("^SWMTKN-1-(?<digest>[0-9a-z]{50})-(?<secret>[0-9a-z]{25})$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex TokenShape();
}
