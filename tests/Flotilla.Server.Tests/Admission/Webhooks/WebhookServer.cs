using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Admission.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

[assembly: AssemblyFixture(typeof(WebhookServer))]

namespace Flotilla.Server.Tests.Admission.Webhooks;

/// <summary>Webhooks behind a certificate of their own authority. Each test adds paths; all of them record what they were asked.</summary>
public sealed class WebhookServer : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, Func<JsonObject, Task<JsonObject>>> answers = new();
    private readonly WebApplication app;
    private int paths;

    public WebhookServer()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=webhook-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        using var authority = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(2));
        CaBundle = Convert.ToBase64String(Encoding.UTF8.GetBytes(authority.ExportCertificatePem()));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Any, 0, listen => listen.UseHttps(Issue(authority))));
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    public string CaBundle { get; }

    public int Port { get; private set; }

    /// <summary>Every request's review, by path, in order of arrival.</summary>
    public ConcurrentQueue<(string Path, JsonObject Request)> Seen { get; } = new();

    public IEnumerable<JsonObject> SeenAt(string path) => Seen.Where(seen => seen.Path == path).Select(seen => seen.Request);

    /// <summary>Opens a path whose answer is made from the <c>request</c> of the review.</summary>
    public string On(Func<JsonObject, JsonObject> answer) => On(request => Task.FromResult(answer(request)));

    public string On(Func<JsonObject, Task<JsonObject>> answer)
    {
        var path = $"/hook-{Interlocked.Increment(ref paths)}";
        answers[path] = answer;
        return path;
    }

    public static JsonObject Allow(string? patch = null) =>
        patch is null ? new JsonObject { ["allowed"] = true } : new JsonObject { ["allowed"] = true, ["patchType"] = "JSONPatch", ["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch)) };

    public static JsonObject Deny(string message) => new() { ["allowed"] = false, ["status"] = new JsonObject { ["message"] = message } };

    /// <summary>The part of a configuration that leads here.</summary>
    public JsonObject Client(string path) => new() { ["url"] = $"https://127.0.0.1:{Port}{path}", ["caBundle"] = CaBundle };

    /// <summary>A webhook for these resources in one namespace.</summary>
    public JsonObject Hook(string name, string path, string space, string rules, string more = "{}")
    {
        var hook = new JsonObject
        {
            ["name"] = name,
            ["clientConfig"] = Client(path),
            ["rules"] = JsonNode.Parse(rules),
            ["sideEffects"] = "None",
            ["admissionReviewVersions"] = new JsonArray("v1"),
            ["namespaceSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["kubernetes.io/metadata.name"] = space } },
        };
        foreach (var (field, value) in (JsonObject)JsonNode.Parse(more)!)
        {
            hook[field] = value?.DeepClone();
        }

        return hook;
    }

    public async ValueTask InitializeAsync()
    {
        await app.StartAsync();
        Port = new Uri(app.Urls.Single()).Port;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var review = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
        var (path, request) = (context.Request.Path.Value!, (JsonObject)review["request"]!);
        Seen.Enqueue((path, (JsonObject)request.DeepClone()));
        if (!answers.TryGetValue(path, out var answer))
        {
            context.Response.StatusCode = 404;
            return;
        }

        var response = await answer(request);
        response["uid"] ??= (string?)request["uid"];
        var reply = new JsonObject { ["kind"] = (string?)review["kind"], ["apiVersion"] = (string?)review["apiVersion"], ["response"] = response };
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(reply.ToJsonString(), context.RequestAborted);
    }

    private static X509Certificate2 Issue(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=webhook", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        names.AddDnsName("*.webhooks.svc");
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(authority, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(8));
        using var whole = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }
}
