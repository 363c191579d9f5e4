using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Images;

namespace Flotilla.Engine.Building;

/// <summary>A command of a build has failed.</summary>
internal sealed class CommandFailedException(string message, int exitCode) : Exception(message)
{
    public int ExitCode => exitCode;
}

/// <summary>Runs commands of a build, each in a container of its own that is gone afterwards.</summary>
internal sealed class CommandRun(ContainerCreation creation, ContainerLife life, BuildOptions options, BuildOutput output)
{
    /// <param name="image">What its files begin with.</param>
    /// <param name="mounts">At hand for the command.</param>
    /// <param name="network">Empty: the build's.</param>
    /// <param name="keepAsync">Called when it has ended well, with the container's id.</param>
    /// <exception cref="CommandFailedException">It ended otherwise.</exception>
    public async Task<T> RunAsync<T>(ImageContent image, IReadOnlyList<string> command, IReadOnlyList<string> environment, RunMounts mounts, string network, Func<string, Task<T>> keepAsync, CancellationToken cancellationToken)
    {
        var host = options.HostConfig.Copy();
        mounts.AddTo(host);
        if (network.Length > 0)
        {
            host["NetworkMode"] = network;
        }

        var body = new JsonObject
        {
            ["Entrypoint"] = new JsonArray(""),
            ["Cmd"] = WireJson.Array(command.Select(word => (JsonNode)word)),
            ["Env"] = WireJson.Array(environment.Select(line => (JsonNode)line)),
            ["Healthcheck"] = new JsonObject { ["Test"] = new JsonArray("NONE") },
            ["HostConfig"] = host,
        };
        var container = await creation.CreateAsync("", body, new EngineImage(image, [], image.ManifestDigest, []), cancellationToken);
        var keeps = false;
        try
        {
            await output.TextAsync($" ---> Running in {container.ShortId}\n");
            var code = await WaitAsync(container, cancellationToken);
            if (code != 0)
            {
                keeps = !options.RemovesAlways;
                throw new CommandFailedException($"The command '{string.Join(' ', command)}' returned a non-zero code: {code}", code);
            }

            return await keepAsync(container.Id);
        }
        finally
        {
            if (!keeps)
            {
                await life.RemoveAsync(container, force: true, withVolumes: true, CancellationToken.None);
                await output.TextAsync($" ---> Removed intermediate container {container.ShortId}\n");
            }
        }
    }

    private async Task<int> WaitAsync(Container container, CancellationToken cancellationToken)
    {
        var listener = container.Output.Listen();
        var over = container.NextExit.Task;
        try
        {
            await life.StartAsync(container, cancellationToken);
            await foreach (var frame in listener.Reader.ReadAllAsync(cancellationToken))
            {
                await output.FrameAsync(frame);
            }

            return await over.WaitAsync(cancellationToken);
        }
        finally
        {
            container.Output.Forget(listener);
        }
    }
}
