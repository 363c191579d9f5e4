using Process = System.Diagnostics.Process;
using System.Text.Json.Nodes;
using Flotilla.Api.Images;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containerd.Api;
using Flotilla.Engine.Events;
using Flotilla.Engine.Linux;
using Grpc.Core;

namespace Flotilla.Engine.Images;

/// <summary>Imports an archive where pods find its images too, and answers their full names.</summary>
public delegate Task<IReadOnlyList<string>> ImageLoad(Stream archive, CancellationToken cancellationToken);

/// <summary><c>docker pull, push, load, save</c>: images come and go through containerd.</summary>
internal sealed class TransferRoutes(Runtime runtime, ImageCatalog images, EngineOptions options, ImageLoad load, EventLog events, TimeProvider time)
{
    // What fails at once is answered as an error; what takes longer is told line by line.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PushLimit = TimeSpan.FromMinutes(30);

    public IEnumerable<Route> All =>
    [
        new("POST", "/images/create", PullAsync),
        new("POST", "/images/{name*}/push", PushAsync),
        new("POST", "/images/load", LoadAsync),
        new("GET", "/images/get", (request, token) => SaveAsync([.. request.Context.Request.Query["names"].OfType<string>().SelectMany(names => names.Split(','))], token)),
        new("GET", "/images/{name*}/get", (request, token) => SaveAsync([request.Words["name"]], token)),
        new("POST", "/build", (_, _) => throw new DockerException(501, "Flotilla does not build images; build with docker, podman or buildah elsewhere and bring the image here with 'docker load' or through a registry")),
    ];

    private async Task<DockerAnswer> PullAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        if (request.Query("fromImage") is not { Length: > 0 } image)
        {
            throw new DockerException(501, "Flotilla does not make images of plain file systems; use 'docker load' with an image archive");
        }

        var tag = request.Query("tag") ?? "";
        var full = ImageCatalog.FullName(tag.Length == 0 ? image : tag.Contains(':', StringComparison.Ordinal) ? $"{image}@{tag}" : $"{image}:{tag}");
        var login = RegistryLogin.From(request.Context.Request);
        var before = (await images.ListAsync(cancellationToken)).FirstOrDefault(known => known.Tags.Contains(full))?.Id;
        var pull = runtime.CriImages.PullImageAsync(new PullImageRequest { Image = new ImageSpec { Image = full }, Auth = AuthOf(login) }, cancellationToken: cancellationToken).ResponseAsync;
        await Task.WhenAny(pull, Task.Delay(Patience, time, cancellationToken));
        return pull.IsFaulted
            ? throw Refusal(full, pull.Exception.InnerException as RpcException)
            : DockerAnswer.Stream(async (response, token) =>
            {
                response.ContentType = DockerAnswer.JsonType;
                await TellAsync(new ProgressLines(response, token), full, before, pull, token);
            });
    }

    private async Task TellAsync(ProgressLines lines, string full, string? before, Task pull, CancellationToken cancellationToken)
    {
        var (repository, tag) = Parts(full);
        await lines.StatusAsync($"Pulling from {repository[(repository.IndexOf('/', StringComparison.Ordinal) + 1)..]}", tag);
        try
        {
            await pull;
        }
        catch (RpcException failure)
        {
            await lines.FailureAsync(Refusal(full, failure).Message);
            return;
        }

        var image = await images.FindAsync(full, cancellationToken);
        await lines.StatusAsync($"Digest: {image.TargetDigest}");
        await lines.StatusAsync($"Status: {(before == image.Id ? "Image is up to date" : "Downloaded newer image")} for {ImageName.Familiar(full)}");
        events.Add("image", "pull", ImageName.Familiar(full), ("name", ImageName.Familiar(repository)));
    }

    private static (string Repository, string Tag) Parts(string full)
    {
        var at = full.IndexOf('@', StringComparison.Ordinal);
        var colon = full.LastIndexOf(':');
        return at >= 0 ? (full[..at], full[(at + 1)..]) : (full[..colon], full[(colon + 1)..]);
    }

    private static AuthConfig? AuthOf(RegistryLogin? login) => login is null ? null : new AuthConfig { Username = login.User, Password = login.Password, IdentityToken = login.IdentityToken };

    private static DockerException Refusal(string full, RpcException? failure)
    {
        var said = failure?.Status.Detail ?? "the pull was ended";
        var name = ImageName.Familiar(full);
        if (said.Contains("insufficient_scope", StringComparison.Ordinal) || said.Contains("access denied", StringComparison.Ordinal) || said.Contains("401", StringComparison.Ordinal) || said.Contains("no basic auth", StringComparison.Ordinal))
        {
            return new DockerException(404, $"pull access denied for {ImageName.Familiar(Parts(full).Repository)}, repository does not exist or may require 'docker login'");
        }

        return said.Contains("not found", StringComparison.Ordinal)
            ? new DockerException(404, $"manifest for {name} not found: manifest unknown: manifest unknown")
            : new DockerException(500, said[(said.LastIndexOf("failed to do request: ", StringComparison.Ordinal) is var at && at >= 0 ? at + "failed to do request: ".Length : 0)..]);
    }

    private async Task<DockerAnswer> PushAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var name = request.Words["name"];
        var full = ImageCatalog.FullName(request.Query("tag") is { Length: > 0 } tag ? $"{name}:{tag}" : name);
        var image = (await images.ListAsync(cancellationToken)).FirstOrDefault(known => known.Tags.Contains(full))
            ?? throw new DockerException(404, $"An image does not exist locally with the tag: {ImageName.Familiar(Parts(full).Repository)}");
        List<string> arguments = ["--address", options.ContainerdSocket, "--namespace", Runtime.Namespace, "images", "push"];
        if (LoginRoutes.IsLoopback(full.Split('/')[0]))
        {
            arguments.Add("--plain-http");
        }

        if (RegistryLogin.From(request.Context.Request) is { User.Length: > 0 } login)
        {
            arguments.AddRange(["--user", $"{login.User}:{login.Password}"]);
        }

        return DockerAnswer.Stream(async (response, token) =>
        {
            response.ContentType = DockerAnswer.JsonType;
            var lines = new ProgressLines(response, token);
            await lines.StatusAsync($"The push refers to repository [{Parts(full).Repository}]");
            try
            {
                await HostCommand.RunAsync(options.CtrBinary, [.. arguments, full], null, token, PushLimit);
            }
            catch (HostCommandException failure)
            {
                await lines.FailureAsync(failure.Message.Split("ctr: ", 2)[^1]);
                return;
            }

            await lines.StatusAsync($"{Parts(full).Tag}: digest: {image.TargetDigest} size: {image.Content.Size}");
            events.Add("image", "push", ImageName.Familiar(full), ("name", ImageName.Familiar(full)));
        });
    }

    private async Task<DockerAnswer> LoadAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> names;
        try
        {
            names = await load(request.Context.Request.Body, cancellationToken);
        }
        catch (InvalidDataException wrong)
        {
            throw new DockerException(500, wrong.Message);
        }

        return DockerAnswer.Stream(async (response, token) =>
        {
            response.ContentType = DockerAnswer.JsonType;
            var lines = new ProgressLines(response, token);
            foreach (var name in names)
            {
                await lines.TextAsync($"Loaded image: {ImageName.Familiar(name)}\n");
                events.Add("image", "load", (await images.FindAsync(name, token)).Id, ("name", ImageName.Familiar(name)));
            }
        });
    }

    private async Task<DockerAnswer> SaveAsync(IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        List<string> names = [];
        foreach (var word in words)
        {
            var image = await images.FindAsync(word, cancellationToken);
            names.Add(image.Tags.FirstOrDefault(tag => tag == TryFull(word)) ?? image.Tags.FirstOrDefault() ?? image.Names[0]);
        }

        return DockerAnswer.Stream(async (response, token) =>
        {
            response.ContentType = "application/x-tar";
            using var process = HostCommand.Start(options.CtrBinary, ["--address", options.ContainerdSocket, "--namespace", Runtime.Namespace, "images", "export", "-", .. names.Distinct(StringComparer.Ordinal)]);
            try
            {
                var error = process.StandardError.ReadToEndAsync(token);
                await process.StandardOutput.BaseStream.CopyToAsync(response.Body, token);
                await process.WaitForExitAsync(token);
                if (process.ExitCode != 0)
                {
                    throw new HostCommandException((await error).Trim());
                }
            }
            finally
            {
                End(process);
            }
        });
    }

    private static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }
    }

    private static string TryFull(string word) => word.StartsWith("sha256:", StringComparison.Ordinal) ? word : ImageCatalog.FullName(word);
}
