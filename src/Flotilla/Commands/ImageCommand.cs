using System.CommandLine;
using System.Globalization;
using Flotilla.Composition;
using Flotilla.Linux.Cri;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Grpc.Core;
using Spectre.Console;

namespace Flotilla.Commands;

/// <summary>Images on this machine: what is loaded needs no registry.</summary>
internal static class ImageCommand
{
    private const int ShownDigits = 12;

    public static Command Create() => new("image", "Build, load and list the images of this machine.") { ImageBuildCommand.Create(), Load(), List() };

    private static Command Load()
    {
        var file = new Argument<string>("FILE") { Description = "A docker-archive or OCI layout as 'docker save' writes it, also compressed; - reads standard input." };
        var command = new Command("load", "Load images from a file, to be used without a registry.") { file };
        var flags = ClusterFlags.Find(command);
        command.SetAction((parsed, cancellationToken) => LoadAsync(flags.ReadExisting(parsed), parsed.GetValue(file)!, cancellationToken));
        return command;
    }

    private static Command List()
    {
        var command = new Command("ls", "List the images.");
        var flags = ClusterFlags.Find(command);
        command.SetAction((parsed, cancellationToken) => ListAsync(flags.ReadExisting(parsed), cancellationToken));
        return command;
    }

    private static async Task<int> LoadAsync(ClusterSettings settings, string file, CancellationToken cancellationToken)
    {
        if (file != "-" && !File.Exists(file))
        {
            throw new UserError($"There is no file {file}.");
        }

        // Every node of this machine has a store of its own; one that is stopped gets nothing.
        var nodes = new LocalNodes(settings).All.Where(node => new ServerProcess(node).Find() is not null).Prepend(settings).ToList();
        if (file == "-" && nodes.Count > 1)
        {
            var spooled = Path.GetTempFileName();
            await using (var copy = File.Create(spooled, 1 << 16, FileOptions.None))
            {
                await Console.OpenStandardInput().CopyToAsync(copy, cancellationToken);
            }

            var code = await LoadAsync(settings, spooled, cancellationToken);
            File.Delete(spooled);
            return code;
        }

        var loaded = await Task.WhenAll(nodes.Select(async node =>
        {
            await using var archive = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            return await WithImagesAsync(node, images => images.ImportAsync(archive, cancellationToken));
        }));
        foreach (var name in loaded[0])
        {
            Console.WriteLine(nodes.Count == 1 ? $"loaded {name}" : $"loaded {name} on {nodes.Count} nodes");
        }

        return 0;
    }

    private static async Task<int> ListAsync(ClusterSettings settings, CancellationToken cancellationToken)
    {
        var images = await WithImagesAsync(settings, images => images.ListAsync(cancellationToken));
        var table = new Table { Border = TableBorder.None };
        table.AddColumns("IMAGE", "ID", "SIZE");
        foreach (var (name, image) in images.SelectMany(image => image.RepoTags.Select(tag => (tag, image))).OrderBy(pair => pair.tag, StringComparer.Ordinal))
        {
            var size = string.Create(CultureInfo.InvariantCulture, $"{image.Size / 1e6:0.0} MB");
            table.AddRow(name.EscapeMarkup(), image.Id[(image.Id.IndexOf(':', StringComparison.Ordinal) + 1)..][..ShownDigits], size);
        }

        AnsiConsole.Write(table);
        return 0;
    }

    private static async Task<T> WithImagesAsync<T>(ClusterSettings settings, Func<ImageStore, Task<T>> act)
    {
        var options = NodeComposition.NodeOptionsFor(settings);
        using var runtime = new CriClient(options.RuntimeSocket);
        try
        {
            return await act(new ImageStore(runtime, options));
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable)
        {
            throw new UserError($"The container runtime at {options.RuntimeSocket} does not answer; is the cluster up?");
        }
    }
}
