using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Services.Spec;
using Flotilla.Swarm.Tasks;
using Flotilla.Swarm.Templates;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Secrets;

/// <summary>Secrets and configs that are templates, filled in for one task. Pure.</summary>
internal static class PayloadTemplates
{
    private const string Language = "golang";

    /// <summary>Whether a secret or config is to be filled in.</summary>
    public static bool IsTemplate(IKubernetesObject<V1ObjectMeta> value) => Payload.SpecOf(value).Object("Templating").String("Name") == Language;

    /// <exception cref="DockerException">It is in another language.</exception>
    public static void Check(string noun, JsonObject spec)
    {
        if (spec.Object("Templating").String("Name") is { Length: > 0 } name && name != Language)
        {
            throw DockerException.Invalid($"unknown template driver for {noun}: {name}");
        }
    }

    /// <param name="dataOf">What a secret or config holds, by reference; null: it is gone.</param>
    /// <exception cref="TemplateException">Something cannot be filled in.</exception>
    public static Dictionary<string, byte[]> Fill(ContainerSpec container, TaskValues values, V1Node node, Func<FileReference, byte[]?> dataOf, Func<string, bool> isTemplate)
    {
        var (secrets, configs) = (container.Secrets ?? [], container.Configs ?? []);
        var functions = new Dictionary<string, Func<IReadOnlyList<object?>, object?>>(StringComparer.Ordinal)
        {
            ["secret"] = words => Find("secret", secrets, TemplateFunctions.Text(words[0]), dataOf),
            ["config"] = words => Find("config", configs, TemplateFunctions.Text(words[0]), dataOf),
            ["env"] = words => Variable(container, TemplateFunctions.Text(words[0])),
        };
        var filled = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var file in secrets.Concat(configs).Where(file => file.File is not null && isTemplate(file.Id)))
        {
            filled[RenderedFiles.KeyOf(file)] = Fill(file, values.On(node), dataOf, functions);
        }

        return filled;
    }

    private static byte[] Fill(FileReference file, TemplateStruct values, Func<FileReference, byte[]?> dataOf, IReadOnlyDictionary<string, Func<IReadOnlyList<object?>, object?>> functions)
    {
        var noun = file.ConfigID is null ? "secret" : "config";
        try
        {
            return Encoding.UTF8.GetBytes(GoTemplate.Parse(Text(dataOf(file) ?? throw new TemplateException($"{noun} {file.Name} not found"))).Execute(values, functions));
        }
        catch (TemplateException wrong)
        {
            throw new TemplateException($"failed to expand templated {noun} {file.Id}: {wrong.Message}");
        }
    }

    private static string Find(string noun, IReadOnlyList<FileReference> files, string target, Func<FileReference, byte[]?> dataOf) =>
        files.FirstOrDefault(file => file.File?.Name == target) is { } found && dataOf(found) is { } data ? Text(data) : throw new TemplateException($"error calling {noun}: {noun} target {target} not found");

    private static string Variable(ContainerSpec container, string name) =>
        (container.Env ?? []).Select(line => line.Split('=', 2)).FirstOrDefault(pair => pair.Length == 2 && pair[0] == name)?[1] ?? "";

    private static string Text(byte[] data) => Encoding.UTF8.GetString(data);
}
