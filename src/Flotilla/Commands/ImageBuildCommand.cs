using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Building;
using Flotilla.Imports;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>Sends a directory to the engine of this machine, as docker does without BuildKit.</summary>
internal static class ImageBuildCommand
{
    private static readonly Option<string[]> Tags = new("--tag", "-t") { Description = "A name for the image, like my-image:1; may be given several times." };
    private static readonly Option<string?> File = new("--file", "-f") { Description = "The Dockerfile. Default: Dockerfile in PATH." };
    private static readonly Option<string[]> Arguments = new("--build-arg") { Description = "A value for an ARG: NAME=VALUE, or NAME for the environment's." };
    private static readonly Option<string[]> Labels = new("--label") { Description = "A label of the image: NAME=VALUE." };
    private static readonly Option<string?> Target = new("--target") { Description = "The stage to build, by name or number. Default: the last one." };
    private static readonly Option<bool> NoCache = new("--no-cache") { Description = "Do every step again." };
    private static readonly Option<bool> Pull = new("--pull") { Description = "Ask registries for newer base images." };
    private static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "Print only the image's id." };

    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "The directory with what the Dockerfile copies." };
        var command = new Command("build", "Build an image from a Dockerfile.") { path, Tags, File, Arguments, Labels, Target, NoCache, Pull, Quiet };
        var flags = ClusterFlags.Find(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(flags.ReadExisting(parsed), parsed, parsed.GetValue(path)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ClusterSettings settings, ParseResult parsed, string path, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(path))
        {
            throw new UserError($"There is no directory {path}.");
        }

        var directory = Path.GetFullPath(path).TrimEnd('/');
        var dockerfile = parsed.GetValue(File) ?? Path.Combine(directory, "Dockerfile");
        if (!System.IO.File.Exists(dockerfile))
        {
            throw new UserError($"There is no Dockerfile {dockerfile}; name one with --file.");
        }

        var archive = new ContextArchive(directory, Path.GetFullPath(dockerfile));
        using var engine = new DockerApi(DockerServer.HostOf(settings.DockerSocket));
        var code = 0;
        try
        {
            await engine.PostAsync("/build?" + Query(parsed, archive.Dockerfile), new ArchiveContent(archive, cancellationToken), said => code = Show(said, code), cancellationToken);
        }
        catch (FormatException wrong)
        {
            throw new UserError($".dockerignore: {wrong.Message}");
        }

        return code;
    }

    private static int Show(JsonNode said, int code)
    {
        Console.Write(said.String("stream") ?? "");
        if (said.String("error") is not { } failure)
        {
            return code;
        }

        Console.Error.WriteLine("flotilla: " + failure);
        return (int?)said.Object("errorDetail").Integer("code") ?? 1;
    }

    private static string Query(ParseResult parsed, string dockerfile)
    {
        List<(string Name, string Value)> query =
        [
            ("dockerfile", dockerfile), ("target", parsed.GetValue(Target) ?? ""), ("rm", "1"),
            ("nocache", parsed.GetValue(NoCache) ? "1" : "0"), ("pull", parsed.GetValue(Pull) ? "1" : "0"), ("q", parsed.GetValue(Quiet) ? "1" : "0"),
            ("buildargs", Map(parsed.GetValue(Arguments), Environment.GetEnvironmentVariable)), ("labels", Map(parsed.GetValue(Labels), _ => "")),
            .. (parsed.GetValue(Tags) ?? []).Select(tag => ("t", tag)),
        ];
        return string.Join('&', query.Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"));
    }

    private static string Map(string[]? pairs, Func<string, string?> absent)
    {
        JsonObject map = [];
        foreach (var pair in pairs ?? [])
        {
            var parts = pair.Split('=', 2);
            map[parts[0]] = parts.Length == 2 ? parts[1] : absent(parts[0]);
        }

        return map.ToJsonString();
    }

    private sealed class ArchiveContent(ContextArchive archive, CancellationToken cancellationToken) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => archive.WriteAsync(stream, cancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
