using System.Text.Json.Nodes;
using Flotilla.Api.Images;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Dockerfiles;
using Flotilla.Engine.Events;
using Flotilla.Engine.Images;
using Flotilla.Engine.Registries;
using Flotilla.Linux.Commands;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Engine.Building;

/// <summary><c>docker build</c>, as engines did it before BuildKit, and <c>docker builder prune</c>.</summary>
internal sealed class BuildRoutes(ImageBuilder builder, EventLog events)
{
    public IEnumerable<Route> All =>
    [
        new("POST", "/build", BuildAsync),
        new("POST", "/build/prune", PruneAsync),
    ];

    private async Task<DockerAnswer> BuildAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var options = BuildOptions.Of(request);
        var logins = RegistryLogin.AllFrom(request.Context.Request);
        var context = await BuildContext.ReceiveAsync(request.Archive, builder.Options.BuildDirectory, cancellationToken);
        try
        {
            var plan = BuildPlan.For(await context.TakeDockerfileAsync(options.Dockerfile, cancellationToken), options.Target, options.Labels);
            return DockerAnswer.Stream(async (response, token) =>
            {
                using (context)
                {
                    await AnswerAsync(response, options, plan, context, logins, token);
                }
            });
        }
        catch (DockerfileException wrong)
        {
            context.Dispose();
            throw DockerException.BadRequest("dockerfile parse error on " + Explained(options, wrong));
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    private async Task AnswerAsync(HttpResponse response, BuildOptions options, BuildPlan plan, BuildContext context, IReadOnlyDictionary<string, RegistryLogin> logins, CancellationToken cancellationToken)
    {
        var lines = new ProgressLines(response, cancellationToken);
        var output = new BuildOutput(lines, options.IsQuiet);
        try
        {
            await using var lease = await Lease.OpenAsync(builder.Runtime, builder.Time, cancellationToken);
            var bases = new BaseImages(builder.Runtime, builder.Images, options.Pulls, logins, output);
            var image = await new BuildRun(builder, options, plan, context, bases, output, lease).RunAsync(cancellationToken);
            await builder.Maker.NameAsync(image, options.Names, cancellationToken);
            events.Add("image", "build", image.Id, options.Names.Select(name => ("name", ImageName.Familiar(name))));
            await output.DoneAsync(image.Id);
            await output.TextAsync($"Successfully built {image.Id["sha256:".Length..][..12]}\n");
            foreach (var name in options.Names)
            {
                await output.TextAsync($"Successfully tagged {ImageName.Familiar(name)}\n");
            }
        }
        catch (DockerfileException wrong)
        {
            await output.FailAsync(Explained(options, wrong), null);
        }
        catch (CommandFailedException failed)
        {
            await output.FailAsync(failed.Message, failed.ExitCode);
        }
        catch (Exception failure) when (failure is DockerException or RpcException or IOException or TimeoutException or CommandException && !cancellationToken.IsCancellationRequested)
        {
            await output.FailAsync(failure is RpcException refused ? refused.Status.Detail : failure.Message, null);
        }
    }

    private async Task<DockerAnswer> PruneAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var (keys, bytes) = await builder.Cache.PruneAsync(await builder.Images.ListAsync(cancellationToken), cancellationToken);
        var mounts = builder.Caches.Prune();
        IReadOnlyList<string> all = [.. keys, .. mounts.Keys];
        return DockerAnswer.Json(new JsonObject { ["CachesDeleted"] = all.Count == 0 ? null : WireJson.Array(all.Select(key => (JsonNode)key)), ["SpaceReclaimed"] = bytes + mounts.Bytes });
    }

    private static string Explained(BuildOptions options, DockerfileException wrong) => $"line {wrong.Line} of {options.Dockerfile}: {wrong.Message}";
}
