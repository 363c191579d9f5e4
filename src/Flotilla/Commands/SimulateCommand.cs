using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Simulation;
using k8s;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Commands;

/// <summary>Nodes that run pods without containers, until Ctrl-C; then they and their pods are removed.</summary>
internal static class SimulateCommand
{
    private static readonly TimeSpan CleanUpTimeout = TimeSpan.FromMinutes(5);

    public static Command Create()
    {
        var nodes = new Option<int>("--nodes") { Description = "How many.", Required = true };
        var kubeconfig = new Option<string?>("--kubeconfig") { Description = "Any cluster, instead of this machine's." };
        var context = new Option<string?>("--context") { Description = "The kubeconfig's context, unless it is the current one." };
        var prefix = new Option<string>("--prefix") { Description = "Nodes are called so, with a number behind it.", DefaultValueFactory = _ => "sim-" };
        var cpu = new Option<string>("--cpu") { Description = "Of each node.", DefaultValueFactory = _ => "32" };
        var memory = new Option<string>("--memory") { Description = "Of each node.", DefaultValueFactory = _ => "256Gi" };
        var pods = new Option<int>("--pods") { Description = "Pods a node may run.", DefaultValueFactory = _ => 110 };
        var zones = new Option<int>("--zones") { Description = "Zones the nodes are spread over; 0 for none.", DefaultValueFactory = _ => 3 };
        var taint = new Option<string?>("--taint") { Description = "Keeps pods off that do not tolerate it: key=value:effect." };
        var delay = new Option<string>("--start-delay") { Description = "From bound to running, e.g. 500ms or 2s.", DefaultValueFactory = _ => "0s" };
        var failures = new Option<double>("--failure-rate") { Description = "The part of the pods, 0 to 1, that fails instead of running." };
        var clients = new Option<int>("--clients") { Description = "Requests under way at once.", DefaultValueFactory = _ => 32 };
        var command = new Command("simulate", "Register nodes that run pods without containers, for benchmarks and planning.")
        {
            nodes, kubeconfig, context, prefix, cpu, memory, pods, zones, taint, delay, failures, clients,
        };
        var flags = ClusterFlags.Find(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = Checked(new SimulationOptions
            {
                Nodes = parsed.GetValue(nodes),
                Prefix = parsed.GetValue(prefix)!,
                Cpu = parsed.GetValue(cpu)!,
                Memory = parsed.GetValue(memory)!,
                PodsPerNode = parsed.GetValue(pods),
                Zones = parsed.GetValue(zones),
                Taint = parsed.GetValue(taint) is { } text
                    ? SimulationOptions.ParseTaint(text) ?? throw new UserError($"--taint must be like key=value:NoSchedule, not '{text}'.")
                    : null,
                StartDelay = SimulationOptions.ParseDuration(parsed.GetValue(delay)) ?? throw new UserError($"--start-delay must be a duration like 500ms, 2s or 1m, not '{parsed.GetValue(delay)}'."),
                FailureRate = parsed.GetValue(failures),
                Clients = parsed.GetValue(clients),
            });
            using var client = parsed.GetValue(kubeconfig) is { } file ? ClientFor(file, parsed.GetValue(context)) : ControlPlane.AdminClient(flags.ReadExisting(parsed));
            return await RunAsync(options, client, cancellationToken);
        });
        return command;
    }

    private static SimulationOptions Checked(SimulationOptions options)
    {
        var problems = options.Problems().ToList();
        return problems.Count == 0 ? options : throw new UserError(string.Join("; ", problems) + ".");
    }

    private static async Task<int> RunAsync(SimulationOptions options, HttpObjectClient client, CancellationToken cancellationToken)
    {
        using var loggers = LoggerFactory.Create(builder => builder.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning));
        using var informers = new InformerSet(client, TimeProvider.System, NullLoggerFactory.Instance);
        using var simulator = new NodeSimulator(options, client, informers, TimeProvider.System, loggers.CreateLogger<NodeSimulator>());
        try
        {
            await simulator.RegisterAsync(cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{options.Nodes} simulated nodes are registered; Ctrl-C removes them and their pods."));
            await informers.StartAsync(cancellationToken);
            await simulator.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C while they were being registered.
        }
        catch (ApiException refused)
        {
            throw new UserError($"The cluster refuses: {refused.Message}");
        }
        catch (HttpRequestException failure)
        {
            throw new UserError($"The cluster does not answer: {failure.Message}");
        }
        finally
        {
            await informers.StopAsync(CancellationToken.None);
            await RemoveAsync(simulator);
        }

        return 0;
    }

    private static async Task RemoveAsync(NodeSimulator simulator)
    {
        using var bounded = new CancellationTokenSource(CleanUpTimeout);
        try
        {
            await simulator.RemoveAsync(bounded.Token);
            Console.WriteLine("The simulated nodes are removed.");
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"flotilla: not everything could be removed ({failure.Message}); run the same command again and end it.");
        }
    }

    private static HttpObjectClient ClientFor(string file, string? context)
    {
        if (!File.Exists(file))
        {
            throw new UserError($"There is no kubeconfig {file}.");
        }

        KubernetesClientConfiguration config;
        try
        {
            config = KubernetesClientConfiguration.BuildConfigFromConfigFile(file, context);
        }
        catch (Exception failure) when (failure is k8s.Exceptions.KubeConfigException or YamlDotNet.Core.YamlException)
        {
            throw new UserError($"{file}: {failure.Message}");
        }

        var certificate = CertificateOf(config);
        return new HttpObjectClient(new HttpObjectClientOptions
        {
            Server = new Uri(config.Host),
            Authorities = config.SslCaCerts is { } authorities ? () => authorities : null,
            ClientCertificate = () => certificate,
            BearerToken = () => config.AccessToken,
        });
    }

    private static X509Certificate2? CertificateOf(KubernetesClientConfiguration config)
    {
        if (config.ClientCertificateFilePath is { } path)
        {
            return X509Certificate2.CreateFromPemFile(path, config.ClientKeyFilePath);
        }

        return config.ClientCertificateData is { } data
            ? X509Certificate2.CreateFromPem(Text(data), Text(config.ClientCertificateKeyData))
            : null;

        static string Text(string base64) => Encoding.ASCII.GetString(Convert.FromBase64String(base64));
    }
}
