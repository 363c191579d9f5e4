using System.CommandLine;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Local;
using Flotilla.Server.Http;
using Flotilla.Swarm.Conversion;

namespace Flotilla.Commands;

/// <summary>A Compose file as objects of Kubernetes, to standard output; what is left out is told on standard error.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A Compose file, as 'docker stack deploy' takes it." };
        var command = new Command("convert", "Print a Compose file as objects of Kubernetes.") { file };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = Path.GetFullPath(parsed.GetValue(file)!);
            var conversion = new StackConversion(await ReadAsync(path, cancellationToken), name => Content(Path.Combine(Path.GetDirectoryName(path)!, name)));
            await using var output = Console.OpenStandardOutput();
            foreach (var one in conversion.Objects())
            {
                await output.WriteAsync("---\n"u8.ToArray(), cancellationToken);
                await output.WriteAsync(YamlWriter.Write(one), cancellationToken);
            }

            foreach (var remark in conversion.Remarks)
            {
                await Console.Error.WriteLineAsync($"flotilla: {remark}");
            }
        });
        return command;
    }

    private static async Task<JsonObject> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return YamlReader.Parse(await File.ReadAllBytesAsync(path, cancellationToken)) is JsonObject compose && compose.Object("services") is not null
                ? compose
                : throw new UserError($"{path} is no Compose file: it has no services.");
        }
        catch (Exception wrong) when (wrong is GoJsonException or IOException or UnauthorizedAccessException)
        {
            throw new UserError($"{path}: {wrong.Message}");
        }
    }

    private static byte[] Content(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserError($"{path}: {failure.Message}");
        }
    }
}
