using Flotilla.Server.Admission;

namespace Flotilla.Server.Tests.Admission;

public sealed class AdmissionSettingsTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-admission-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_file_beside_it_may_hold_a_plugins_configuration()
    {
        File.WriteAllText(Path.Combine(directory, "security.yaml"), """
            apiVersion: pod-security.admission.config.k8s.io/v1
            kind: PodSecurityConfiguration
            defaults: {enforce: baseline, enforce-version: v1.30, warn: restricted}
            """);
        var settings = AdmissionSettings.Load(Write("plugins: [{name: PodSecurity, path: security.yaml}]")).PodSecurity;
        Assert.Equal(("baseline:v1.30", "privileged:latest", "restricted:latest"), (settings.Defaults.Enforce.ToString(), settings.Defaults.Audit.ToString(), settings.Defaults.Warn.ToString()));
    }

    [Fact]
    public void All_that_is_wrong_is_listed()
    {
        var file = Write("""
            plugins:
              - {name: Other}
              - {name: PodSecurity, configuration: {defaults: {enforce: strict, wrn: baseline} } }
              - {name: PodSecurity, path: nowhere.yaml}
            """);
        var message = Assert.Throws<InvalidDataException>(() => AdmissionSettings.Load(file)).Message;
        Assert.Contains("plugin \"Other\" takes no configuration", message, StringComparison.Ordinal);
        Assert.Contains("must be of kind PodSecurityConfiguration", message, StringComparison.Ordinal);
        Assert.Contains("defaults.wrn is unknown", message, StringComparison.Ordinal);
        Assert.Contains("defaults.enforce: Invalid value: \"strict\": must be one of privileged, baseline, restricted", message, StringComparison.Ordinal);
        Assert.Contains("nowhere.yaml cannot be read", message, StringComparison.Ordinal);
    }

    private string Write(string plugins)
    {
        var file = Path.Combine(directory, "admission.yaml");
        File.WriteAllText(file, $"apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n{plugins}\n");
        return file;
    }
}
