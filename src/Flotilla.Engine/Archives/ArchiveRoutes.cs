using System.Formats.Tar;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Engine.Archives;

/// <summary><c>docker cp</c> and <c>docker export</c>: files of a container as a tar, both ways, whether it runs or not.</summary>
internal sealed class ArchiveRoutes(ContainerStore containers, RootFileSystem roots)
{
    private const string StatHeader = "X-Docker-Container-Path-Stat";

    public IEnumerable<Route> All =>
    [
        new("HEAD", "/containers/{id}/archive", (request, token) => WithFilesAsync(request, (files, path) => Task.FromResult(Head(Stat(files.At(path, request.Id)))), keepsFiles: false, token)),
        new("GET", "/containers/{id}/archive", (request, token) => WithFilesAsync(request, (files, path) => Task.FromResult(Read(files, path, request.Id)), keepsFiles: true, token)),
        new("PUT", "/containers/{id}/archive", (request, token) => WithFilesAsync(request, (files, path) => WriteAsync(files, path, request, token), keepsFiles: false, token)),
        new("GET", "/containers/{id}/export", ExportAsync),
    ];

    private async Task<DockerAnswer> WithFilesAsync(DockerRequest request, Func<ContainerTree, string, Task<DockerAnswer>> answerAsync, bool keepsFiles, CancellationToken cancellationToken)
    {
        if (request.Query("path") is not { Length: > 0 } path)
        {
            throw DockerException.BadRequest("bad parameter: 'path' cannot be empty");
        }

        var tree = await ContainerTree.OpenAsync(containers.Find(request.Id), roots, cancellationToken);
        try
        {
            var answer = await answerAsync(tree, path);
            if (!keepsFiles)
            {
                tree.Dispose();
            }

            return answer;
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    private static DockerAnswer Head(string stat) => DockerAnswer.Stream((response, _) =>
    {
        response.Headers[StatHeader] = stat;
        return Task.CompletedTask;
    });

    private static DockerAnswer Read(ContainerTree tree, string path, string container)
    {
        var found = tree.At(path, container);
        return DockerAnswer.Stream(async (response, token) =>
        {
            using (tree)
            {
                response.Headers[StatHeader] = Stat(found);
                response.ContentType = "application/x-tar";
                await using var writer = new TarWriter(response.Body, TarEntryFormat.Pax, leaveOpen: true);
                await TreeArchive.WriteAsync(writer, found.Path, found.Name, token);
            }
        });
    }

    private async Task<DockerAnswer> ExportAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var tree = await ContainerTree.OpenAsync(containers.Find(request.Id), roots, cancellationToken);
        return DockerAnswer.Stream(async (response, token) =>
        {
            using (tree)
            {
                response.ContentType = "application/x-tar";
                await using var writer = new TarWriter(response.Body, TarEntryFormat.Pax, leaveOpen: true);
                await TreeArchive.WriteAsync(writer, tree.Root, "", token);
            }
        });
    }

    private static async Task<DockerAnswer> WriteAsync(ContainerTree tree, string path, DockerRequest request, CancellationToken cancellationToken)
    {
        var target = ScopedPath.Resolve(tree.Root, path);
        if (Native.State(target) is not { } state)
        {
            throw new DockerException(404, $"Could not find the file {path} in container {request.Id}");
        }

        if (!state.IsDirectory)
        {
            throw DockerException.BadRequest("extraction point is not a directory");
        }

        await TreeArchive.ExtractAsync(request.Archive, tree.Root, target, cancellationToken);
        return DockerAnswer.Ok();
    }

    private static string Stat(FoundFile file) => Convert.ToBase64String(WireJson.Bytes(new JsonObject
    {
        ["name"] = file.Name,
        ["size"] = file.State.Size,
        ["mode"] = GoMode(file.State),
        ["mtime"] = file.State.Modified.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        ["linkTarget"] = file.LinkTarget,
    }).Span);

    // Go has bits of its own for types.
    private static long GoMode(FileState state) => (uint)(state.Mode & 0x1FF) | (state.IsDirectory ? 1u << 31 : state.IsLink ? 1u << 27 : state.IsCharacterDevice ? (1u << 26) | (1u << 21) : state.IsBlockDevice ? 1u << 26 : 0);
}
